#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace polis {

template <std::size_t size>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
  using type = std::uint8_t;
};
template <>
struct UnsignedOf<2> {
  using type = std::uint16_t;
};
template <>
struct UnsignedOf<4> {
  using type = std::uint32_t;
};
template <>
struct UnsignedOf<8> {
  using type = std::uint64_t;
};

inline std::uint8_t swap_bytes(std::uint8_t v) { return v; }
inline std::uint16_t swap_bytes(std::uint16_t v) { return __builtin_bswap16(v); }
inline std::uint32_t swap_bytes(std::uint32_t v) { return __builtin_bswap32(v); }
inline std::uint64_t swap_bytes(std::uint64_t v) { return __builtin_bswap64(v); }

/// FITS is big-endian. Reads a T from `from`, which need not be aligned.
template <class T>
T load_big(const std::byte* from) {
  typename UnsignedOf<sizeof(T)>::type bits;
  std::memcpy(&bits, from, sizeof(T));
  if constexpr (std::endian::native == std::endian::little) bits = swap_bytes(bits);
  return std::bit_cast<T>(bits);
}

template <class T>
void store_big(std::byte* to, T value) {
  auto bits = std::bit_cast<typename UnsignedOf<sizeof(T)>::type>(value);
  if constexpr (std::endian::native == std::endian::little) bits = swap_bytes(bits);
  std::memcpy(to, &bits, sizeof(T));
}

}  // namespace polis
