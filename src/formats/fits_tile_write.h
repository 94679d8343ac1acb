#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "base/digest.h"
#include "formats/fits_header.h"
#include "formats/fits_write.h"
#include "kernels/view.h"

namespace polis {

template <class T>
constexpr int fits_bitpix() {
  return (std::is_floating_point_v<T> ? -8 : 8) * static_cast<int>(sizeof(T));
}

/// What FITS stores for a pixel: it has no unsigned 16- and 32-bit integers, so they are shifted by
/// half their range.
template <class T>
auto stored_pixel(T value) {
  if constexpr (std::is_same_v<T, std::uint16_t>) {
    return std::bit_cast<std::int16_t>(static_cast<std::uint16_t>(value ^ 0x8000u));
  } else if constexpr (std::is_same_v<T, std::uint32_t>) {
    return std::bit_cast<std::int32_t>(value ^ 0x80000000u);
  } else {
    return value;
  }
}

/// Compresses an image row by row: returns the data of a binary table, and writes the cards that
/// describe it. Errors: internal (RICE_1 of floats).
template <class T>
Bytes encode_tiles(View<const T> image, FitsCompression compression, FitsHeader& header);

}  // namespace polis
