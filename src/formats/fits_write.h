#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "formats/fits_header.h"
#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

enum class FitsCompression {
  none,
  rice,  ///< RICE_1, row by row: integers of 8 to 32 bits
  gzip2  ///< GZIP_2, row by row, lossless: floats and integers
};

using FitsPixels = std::variant<std::monostate, View<const std::uint8_t>, View<const std::int16_t>,
                                View<const std::uint16_t>, View<const std::int32_t>,
                                View<const std::uint32_t>, View<const float>>;

/// One HDU to write: its own cards and its pixels. SIMPLE/XTENSION, BITPIX, NAXISn, BZERO of
/// unsigned types, EXTNAME and the cards of compression are written for you; `header` must not hold
/// them.
struct FitsHduOut {
  std::string name;  ///< EXTNAME; may be empty
  FitsHeader header;
  FitsPixels pixels;  ///< monostate: header only
  FitsCompression compression = FitsCompression::none;
};

/// A FITS file in memory. Compressed images go into extensions: the first HDU is then an empty
/// primary. CHECKSUM and DATASUM are written without a date, so equal input gives equal bytes.
Bytes write_fits(std::span<const FitsHduOut> hdus);

}  // namespace polis
