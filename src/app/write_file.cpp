#include "app/write_file.h"

#include <fstream>

#include "base/error.h"

namespace polis {

void write_file(const std::string& path, ByteView bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out)
    throw Error(ErrorKind::io, "cannot write " + path, "disk full or not writable",
                "choose another --to");
}

}  // namespace polis
