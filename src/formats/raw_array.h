#pragma once

#include <vector>

#include "formats/fits_image.h"
#include "sky/exposure.h"

namespace polis {

/// Mirrors an image along x, y or both.
Plane<float> turned(Plane<float> image, bool flip_x, bool flip_y);
/// A section of an image of width x height pixels after the image was turned.
Section turned(const Section& section, int width, int height, bool flip_x, bool flip_y);
/// The same for a WCS.
Wcs turned(Wcs wcs, int width, int height, bool flip_x, bool flip_y);

/// Lays images one above the other, the first at the bottom. What narrower ones leave free is NaN.
/// Errors: bad_input (larger than any detector).
Plane<float> stacked(const std::vector<Plane<float>>& images);

/// The raw array of an exposure: its HDU, or all its parts, turned and stacked. Errors: bad_input.
Plane<float> read_raw_array(ByteView fits_bytes, const Exposure& exposure, ChecksumPolicy policy);

}  // namespace polis
