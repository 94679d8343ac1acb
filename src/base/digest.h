#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace polis {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

inline ByteView as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline Bytes to_bytes(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A SHA-256: the name of an artifact in the lake, and (hashed over what defines it) of a job.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Digest&) const = default;
  bool is_zero() const { return *this == Digest{}; }
  std::string hex() const;
  std::string short_hex() const { return hex().substr(0, 12); }
  /// Errors: bad_input unless `text` is 64 hexadecimal digits.
  static Digest from_hex(std::string_view text);
};

Digest digest_of(ByteView bytes);
inline Digest digest_of(std::string_view text) { return digest_of(as_bytes(text)); }

/// SHA-256 over pieces. `field` also hashes the length, so that ("ab","c") and ("a","bc") differ.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  Hasher& update(ByteView bytes);
  Hasher& field(std::string_view text);
  Hasher& field(std::uint64_t value);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace polis

template <>
struct std::hash<polis::Digest> {
  std::size_t operator()(const polis::Digest& digest) const noexcept {
    std::size_t value = 0;
    for (std::size_t i = 0; i < sizeof(value); ++i) value = value << 8 | digest.bytes[i];
    return value;
  }
};
