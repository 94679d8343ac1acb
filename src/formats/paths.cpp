#include "formats/paths.h"

#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace polis {
namespace {

namespace fs = std::filesystem;

/// The name with what would upset a terminal or log replaced.
std::string shown(std::string_view path) {
  std::string text(path.substr(0, 200));
  for (char& c : text) {
    if (c < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

[[noreturn]] void refuse(std::string_view path, std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read '" + shown(path) + "'", why,
              "rename the file, or name another");
}

}  // namespace

void check_file_name(std::string_view path) {
  if (path.empty()) refuse(path, "its name is empty");
  if (path.find('\0') != std::string_view::npos) refuse(path, "its name holds a NUL");
  if (path == "-") refuse(path, "'-' stands for standard input elsewhere");
  if (path.find("://") != std::string_view::npos) refuse(path, "it is an address, not a file");
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
      refuse(path, "its name holds a control character");
    if (c == '(' || c == ')' || c == '[' || c == ']' || c == '{' || c == '}' || c == '!' ||
        c == '|') {
      refuse(path,
             std::string("its name holds '") + c + "', a command to some readers of FITS files");
    }
  }
}

std::string resolve_inside(const std::string& root, std::string_view path) {
  check_file_name(path);
  const fs::path relative{std::string(path)};
  if (relative.is_absolute()) refuse(path, "the path is absolute");
  fs::path at(root);
  for (const fs::path& part : relative) {
    if (part == "..") refuse(path, "the path leads out of its folder");
    at /= part;
    std::error_code ignored;
    if (fs::is_symlink(fs::symlink_status(at, ignored)))
      refuse(path, "the path leads through a symbolic link");
  }
  return at.string();
}

Bytes read_foreign_file(const std::string& path, std::size_t most) {
  check_file_name(path);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status))
    throw Error(ErrorKind::not_found, "cannot read '" + shown(path) + "'", "there is no such file");
  if (!fs::is_regular_file(status)) refuse(path, "it is no regular file");
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) throw Error(ErrorKind::io, "cannot read '" + shown(path) + "'", error.message());
  if (size > most)
    throw Error(ErrorKind::limit, "cannot read '" + shown(path) + "'",
                "it has more than " + std::to_string(most) + " bytes");
  Bytes bytes(static_cast<std::size_t>(size));
  std::ifstream in(path, std::ios::binary);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!in || static_cast<std::size_t>(in.gcount()) != bytes.size()) {
    throw Error(ErrorKind::io, "cannot read '" + shown(path) + "'",
                "it gave fewer bytes than its size says");
  }
  return bytes;
}

}  // namespace polis
