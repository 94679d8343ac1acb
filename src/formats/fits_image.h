#pragma once

#include <string>
#include <vector>

#include "base/digest.h"
#include "formats/fits_header.h"
#include "formats/fits_layout.h"
#include "kernels/view.h"

namespace polis {

/// One image HDU as it lies in the file: BSCALE and BZERO applied, tiles decompressed; BLANK, NaN
/// and infinite pixels are NaN. Row 0 is the first row of the file, which displays show at the
/// bottom.
struct RawImage {
  Plane<float> pixels;  ///< height NAXIS2 x width NAXIS1
  FitsHeader
      header;  ///< of this HDU; a tile-compressed image shows the header of the image it holds
  std::vector<std::string> caveats;  ///< what was wrong, but not fatally
};

enum class ChecksumPolicy {
  refuse,  ///< a wrong CHECKSUM or DATASUM is an error
  caveat   ///< it is written down, and the image is read
};

/// Reads HDU number `hdu` (0: the primary) of a FITS file in memory: plain, RICE_1, GZIP_1 or
/// GZIP_2 tile-compressed, or the whole file in gzip. Everything is validated before it is decoded.
/// Errors: bad_input.
RawImage read_raw_image(ByteView fits_bytes, int hdu,
                        ChecksumPolicy policy = ChecksumPolicy::refuse);
/// The same for an HDU of a file that was parsed already.
RawImage read_image(const FitsFile& file, const FitsHdu& hdu,
                    ChecksumPolicy policy = ChecksumPolicy::refuse);
/// The pixels alone, infinite ones and signed zeros as they are stored. Errors: bad_input (also for
/// wrong sums).
Plane<float> read_pixels(const FitsFile& file, const FitsHdu& hdu);

}  // namespace polis
