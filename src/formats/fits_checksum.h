#pragma once

#include <cstdint>
#include <string>

#include "base/digest.h"

namespace polis {

/// Ones'-complement sum of big-endian 32-bit words (FITS Standard 4.0, appendix J), added to `sum`.
/// Bytes that are missing from the last word count as zeros.
std::uint32_t fits_sum(ByteView bytes, std::uint32_t sum = 0);
/// The 16 characters for the CHECKSUM card that bring an HDU, whose sum with CHECKSUM
/// '0000000000000000' is `sum`, to -0.
std::string encode_fits_checksum(std::uint32_t sum);

}  // namespace polis
