#include "lake/paths.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace polis {
namespace {

constexpr std::size_t kHexDigits = 64;

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

}  // namespace

std::string LakePaths::shard(const Digest& digest) const {
  return objects() + "/" + digest.hex().substr(0, 2);
}

std::string LakePaths::object(const Digest& digest, std::string_view kind) const {
  return shard(digest) + "/" + digest.hex() + "." + std::string(kind);
}

std::string LakePaths::quarantined(const Digest& digest, std::string_view kind) const {
  return quarantine() + "/" + digest.hex() + "." + std::string(kind);
}

std::string LakePaths::temporary() const {
  static const std::string host = host_name();
  static std::atomic<unsigned long> serial{0};
  return temporaries() + "/" + host + "." + std::to_string(getpid()) + "." +
         std::to_string(serial++);
}

bool is_kind(std::string_view kind) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !kind.empty() && kind.size() <= 40 && std::all_of(kind.begin(), kind.end(), fits);
}

std::optional<ObjectName> parse_object_name(std::string_view file_name) {
  if (file_name.size() < kHexDigits + 2 || file_name[kHexDigits] != '.') return std::nullopt;
  const std::string_view kind = file_name.substr(kHexDigits + 1);
  if (!is_kind(kind)) return std::nullopt;
  const std::string_view hex = file_name.substr(0, kHexDigits);
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (!std::all_of(hex.begin(), hex.end(), is_hex)) return std::nullopt;
  return ObjectName{Digest::from_hex(hex), std::string(kind)};
}

}  // namespace polis
