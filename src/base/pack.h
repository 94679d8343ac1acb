#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/error.h"

namespace polis {

/// Writes small records: integers as LEB128, doubles as 8 little-endian bytes, text with its
/// length. Same values, same bytes. Used for job definitions, orders and messages, never for
/// pixels.
class Packer {
 public:
  Packer& number(std::uint64_t value) {
    while (value >= 0x80U) {
      byte(static_cast<std::uint8_t>(value | 0x80U));
      value >>= 7U;
    }
    byte(static_cast<std::uint8_t>(value));
    return *this;
  }
  Packer& real(double value) {
    auto bits = std::bit_cast<std::uint64_t>(value);
    for (int i = 0; i < 8; ++i, bits >>= 8U) byte(static_cast<std::uint8_t>(bits));
    return *this;
  }
  Packer& text(std::string_view value) {
    number(value.size());
    const ByteView view = as_bytes(value);
    bytes_.insert(bytes_.end(), view.begin(), view.end());
    return *this;
  }
  Packer& digest(const Digest& value) {
    const ByteView view = std::as_bytes(std::span(value.bytes));
    bytes_.insert(bytes_.end(), view.begin(), view.end());
    return *this;
  }
  /// Bytes that some other Packer made, without a length.
  Packer& raw(ByteView view) {
    bytes_.insert(bytes_.end(), view.begin(), view.end());
    return *this;
  }
  std::size_t size() const { return bytes_.size(); }
  const Bytes& bytes() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }

 private:
  void byte(std::uint8_t value) { bytes_.push_back(static_cast<std::byte>(value)); }
  Bytes bytes_;
};

/// Reads what Packer wrote. Errors: damaged, when the bytes end early or a number is out of range.
class Unpacker {
 public:
  explicit Unpacker(ByteView bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto next = static_cast<std::uint64_t>(take(1)[0]);
      value |= (next & 0x7FU) << shift;
      if ((next & 0x80U) == 0) return value;
    }
    fail();
  }
  /// A number that fits the type and is at most `limit`.
  template <class T>
  T number_as(std::uint64_t limit = static_cast<std::uint64_t>(std::numeric_limits<T>::max())) {
    const std::uint64_t value = number();
    if (value > limit) fail();
    return static_cast<T>(value);
  }
  /// A count of things of at least one byte each: never more than the bytes that are left.
  std::size_t count() { return number_as<std::size_t>(rest_.size()); }
  double real() {
    const ByteView view = take(8);
    std::uint64_t bits = 0;
    for (std::size_t i = 8; i-- > 0;) bits = bits << 8U | static_cast<std::uint64_t>(view[i]);
    return std::bit_cast<double>(bits);
  }
  std::string text() { return std::string(as_text(view())); }
  /// A text, as it lies in the bytes.
  ByteView view() { return take(count()); }
  Digest digest() {
    Digest value;
    std::memcpy(value.bytes.data(), take(value.bytes.size()).data(), value.bytes.size());
    return value;
  }
  ByteView rest() const { return rest_; }
  bool done() const { return rest_.empty(); }

 private:
  ByteView take(std::size_t size) {
    if (size > rest_.size()) fail();
    const ByteView view = rest_.first(size);
    rest_ = rest_.subspan(size);
    return view;
  }
  [[noreturn]] static void fail() {
    throw Error(ErrorKind::damaged, "cannot read a packed record",
                "its bytes end early or are not valid");
  }
  ByteView rest_;
};

}  // namespace polis
