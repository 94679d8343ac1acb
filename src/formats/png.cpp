#include "formats/png.h"

#include <zlib.h>

#include <string_view>

#include "base/error.h"

namespace polis {
namespace {

const Bytef* zlib_bytes(ByteView bytes) { return reinterpret_cast<const Bytef*>(bytes.data()); }

void add_u32(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::byte>(value >> static_cast<unsigned>(shift)));
}

/// Length, name, content, CRC over name and content (PNG specification, 5.3).
void add_chunk(Bytes& out, std::string_view name, ByteView content) {
  add_u32(out, static_cast<std::uint32_t>(content.size()));
  const std::size_t begin = out.size();
  const Bytes label = to_bytes(name);
  out.insert(out.end(), label.begin(), label.end());
  out.insert(out.end(), content.begin(), content.end());
  const ByteView covered = ByteView(out).subspan(begin);
  add_u32(out, static_cast<std::uint32_t>(
                   crc32(0, zlib_bytes(covered), static_cast<uInt>(covered.size()))));
}

Bytes compressed(ByteView bytes) {
  Bytes out(compressBound(static_cast<uLong>(bytes.size())));
  auto size = static_cast<uLongf>(out.size());
  const int status = compress2(reinterpret_cast<Bytef*>(out.data()), &size, zlib_bytes(bytes),
                               static_cast<uLong>(bytes.size()), Z_BEST_COMPRESSION);
  if (status != Z_OK) throw Error(ErrorKind::limit, "cannot compress a picture", "no memory");
  out.resize(size);
  return out;
}

}  // namespace

Bytes write_png(View<const std::uint8_t> grey, View<const std::uint8_t> seen) {
  Bytes rows;
  for (std::ptrdiff_t y = 0; y < grey.height; ++y) {
    rows.push_back(std::byte{0});  // no filter
    for (std::ptrdiff_t x = 0; x < grey.width; ++x) {
      rows.push_back(static_cast<std::byte>(grey(x, y)));
      rows.push_back(seen(x, y) != 0 ? std::byte{255} : std::byte{0});
    }
  }
  Bytes head;
  add_u32(head, static_cast<std::uint32_t>(grey.width));
  add_u32(head, static_cast<std::uint32_t>(grey.height));
  constexpr std::array kGreyAndAlpha{std::byte{8}, std::byte{4}, std::byte{0}, std::byte{0},
                                     std::byte{0}};
  head.insert(head.end(), kGreyAndAlpha.begin(), kGreyAndAlpha.end());
  Bytes out = to_bytes("\x89PNG\r\n\x1a\n");
  add_chunk(out, "IHDR", head);
  add_chunk(out, "IDAT", compressed(rows));
  add_chunk(out, "IEND", {});
  return out;
}

}  // namespace polis
