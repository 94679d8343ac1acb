#pragma once

#include "formats/fits_layout.h"
#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

/// Pixels of a tile-compressed image (FITS Standard 4.0, section 10): RICE_1, GZIP_1, GZIP_2,
/// lossless or quantised (no, first or second subtractive dither). Blank pixels are NaN; BSCALE and
/// BZERO are applied. Errors: bad_input.
Plane<float> read_compressed_image(const FitsFile& file, const FitsHdu& hdu);

/// The same for a mask of unsigned 32-bit integers, whose bits no float could hold. Errors:
/// bad_input.
Plane<MaskPixel> read_compressed_mask(const FitsFile& file, const FitsHdu& hdu);

/// The header of the image that a compressed HDU holds: ZBITPIX becomes BITPIX, what describes the
/// table is left out.
FitsHeader image_header(const FitsHdu& hdu);

/// Numbers for subtractive dithering (FITS Standard 4.0, appendix I: Park & Miller 1988). 10000
/// values in 0..1.
const std::vector<float>& dither_numbers();

}  // namespace polis
