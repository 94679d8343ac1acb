#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/fits_header.h"

namespace polis {

enum class FitsHduKind { image, binary_table, text_table };

/// Where one HDU lies in the bytes, after its header was found sound.
struct FitsHdu {
  FitsHduKind kind = FitsHduKind::image;
  FitsHeader header;
  std::string name;              ///< EXTNAME; empty if it has none
  std::size_t header_begin = 0;  ///< offsets into the (expanded) file [bytes]
  std::size_t data_begin = 0;
  std::size_t data_size = 0;  ///< without the padding
  std::vector<std::size_t>
      axes;  ///< NAXISn; trailing axes of length 0 and 1 are dropped from images
  bool compressed_image = false;  ///< a table that holds a tile-compressed image
  bool padding_missing = false;
  /// True if there are pixels: axes that multiply to more than 0, or a tile-compressed image.
  bool has_pixels() const {
    return compressed_image || (kind == FitsHduKind::image && data_size > 0);
  }
  /// NAXIS1 and NAXIS2 of the image, compressed or not. Errors: bad_input.
  std::vector<std::size_t> image_axes() const;
};

/// A FITS file whose structure was checked from end to end: no header, size or offset in it leads
/// outside.
struct FitsFile {
  Bytes expanded;  ///< used if the file came in gzip
  ByteView bytes;  ///< the file; refers to `expanded` or to what was given
  std::vector<FitsHdu> hdus;
  std::vector<std::string> caveats;
  FitsFile() = default;
  FitsFile(FitsFile&&) =
      default;  // moving a vector leaves its elements in place: `bytes` stays right
  FitsFile& operator=(FitsFile&&) = default;
};

/// `bytes` must outlive the result. Errors: bad_input.
FitsFile parse_fits(ByteView bytes);

/// Checks DATASUM and CHECKSUM where present. Returns what is wrong, empty if nothing.
std::string checksum_problem(const FitsFile& file, const FitsHdu& hdu);

}  // namespace polis
