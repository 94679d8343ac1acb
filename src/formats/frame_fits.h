#pragma once

#include <any>

#include "base/digest.h"
#include "formats/fits_write.h"
#include "sky/frame.h"

/// Frames as FITS (docs/formats/frame.md): SCI, VAR, DQ and META.
namespace polis {

/// `compression` is that of SCI and VAR; DQ is always RICE_1. Lossless either way.
Bytes write_frame(const Frame& frame, const Facts& provenance,
                  FitsCompression compression = FitsCompression::gzip2);
/// Errors: bad_input (no FITS, no SCI or META, planes of different size).
Frame read_frame(ByteView bytes, Facts& provenance);

Bytes encode_frame(const std::any& frame, const Facts& provenance);
std::any decode_frame(ByteView bytes, Facts& provenance);

}  // namespace polis
