#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/error.h"

/// The wire format of Protocol Buffers, as far as ONNX uses it: a message is a list of fields, each
/// a number with an integer (varint), 4 or 8 bytes, or a length and that many bytes. A reader of
/// our own of a hundred lines, rather than libprotobuf and generated classes: every length is
/// checked against the bytes that are there, and nothing is allocated on the word of the file.
namespace polis {

/// Walks over the fields of one message. Errors: bad_input where the bytes end early or are no
/// message.
class ProtobufReader {
 public:
  enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  explicit ProtobufReader(ByteView message) : rest_(message) {}

  /// Moves to the next field, past what was not asked for of this one; false at the end.
  bool next() {
    if (pending_) skip();
    if (rest_.empty()) return false;
    const std::uint64_t key = raw_varint();
    field_ = key >> 3U;
    const std::uint64_t wire = key & 7U;
    if (field_ == 0 || (wire != 0 && wire != 1 && wire != 2 && wire != 5)) fail();
    wire_ = static_cast<Wire>(wire);
    pending_ = true;
    return true;
  }
  std::uint64_t field() const { return field_; }
  Wire wire() const { return wire_; }

  std::int64_t integer() {
    expect(Wire::varint);
    return static_cast<std::int64_t>(raw_varint());
  }
  float real() {
    expect(Wire::fixed32);
    return std::bit_cast<float>(little<std::uint32_t>());
  }
  ByteView bytes() {
    expect(Wire::bytes);
    return take(raw_varint());
  }
  std::string text() { return std::string(as_text(bytes())); }

  /// A repeated field: one value, or many packed into bytes.
  template <class Add>
  void integers(Add&& add) {
    if (wire_ == Wire::varint) return add(integer());
    ProtobufReader packed(bytes());
    while (!packed.rest_.empty()) add(static_cast<std::int64_t>(packed.raw_varint()));
  }
  template <class Add>
  void reals(Add&& add) {
    if (wire_ == Wire::fixed32) return add(real());
    ProtobufReader packed(bytes());
    while (!packed.rest_.empty()) add(std::bit_cast<float>(packed.little<std::uint32_t>()));
  }

 private:
  void expect(Wire wire) {
    if (wire_ != wire || !pending_) fail();
    pending_ = false;
  }
  void skip() {
    pending_ = false;
    if (wire_ == Wire::varint) raw_varint();
    if (wire_ == Wire::fixed64) take(8);
    if (wire_ == Wire::fixed32) take(4);
    if (wire_ == Wire::bytes) take(raw_varint());
  }
  std::uint64_t raw_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto next = static_cast<std::uint64_t>(take(1)[0]);
      value |= (next & 0x7FU) << shift;
      if ((next & 0x80U) == 0) return value;
    }
    fail();
  }
  template <class T>
  T little() {
    static_assert(std::endian::native == std::endian::little);
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  ByteView take(std::uint64_t size) {
    if (size > rest_.size()) fail();
    const ByteView view = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return view;
  }
  [[noreturn]] static void fail() {
    throw Error(ErrorKind::bad_input, "cannot read a protobuf message",
                "its bytes end early or are none");
  }

  ByteView rest_;
  std::uint64_t field_ = 0;
  Wire wire_ = Wire::varint;
  bool pending_ = false;
};

/// Writes fields in the order of the calls: same values, same bytes.
class ProtobufWriter {
 public:
  ProtobufWriter& integer(std::uint64_t field, std::int64_t value) {
    return key(field, 0).varint(static_cast<std::uint64_t>(value));
  }
  ProtobufWriter& real(std::uint64_t field, float value) {
    key(field, 5);
    raw(&value, sizeof value);
    return *this;
  }
  ProtobufWriter& bytes(std::uint64_t field, ByteView value) {
    key(field, 2).varint(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  ProtobufWriter& text(std::uint64_t field, std::string_view value) {
    return bytes(field, as_bytes(value));
  }
  ProtobufWriter& message(std::uint64_t field, const ProtobufWriter& value) {
    return bytes(field, value.bytes_);
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  ProtobufWriter& key(std::uint64_t field, std::uint64_t wire) {
    return varint(field << 3U | wire);
  }
  ProtobufWriter& varint(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U)
      bytes_.push_back(static_cast<std::byte>(static_cast<std::uint8_t>(value | 0x80U)));
    bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  void raw(const void* from, std::size_t size) {
    const auto* begin = static_cast<const std::byte*>(from);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }
  Bytes bytes_;
};

}  // namespace polis
