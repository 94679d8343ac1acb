#pragma once

#include <cstdint>
#include <span>

#include "base/digest.h"

/// RICE_1 of the tiled-image convention (FITS Standard 4.0, section 10.4.1; Rice, Yeh & Miller
/// 1993): differences of neighbours in blocks, each with its own number of plain low bits.
/// Arithmetic wraps in the width of the pixel.
namespace polis {

/// `pixel_bytes` is 1, 2 or 4; 1-byte pixels are unsigned, the others signed. Fills all of
/// `pixels`. Errors: bad_input (the stream ends too early, or holds a code that no writer makes).
void decode_rice(ByteView stream, int pixel_bytes, int block, std::span<std::int32_t> pixels);

Bytes encode_rice(std::span<const std::int32_t> pixels, int pixel_bytes, int block);

}  // namespace polis
