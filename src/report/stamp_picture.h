#pragma once

#include <string>

#include "sky/alert.h"

namespace polis {

/// How grey follows the pixels: asinh, so that faint structure and bright cores show together
/// (Lupton et al. 1999, AJ 118, 1406).
struct Stretch {
  double zero = 0.0;   ///< this value ... [electron]
  double grey = 0.15;  ///< ... is drawn with this grey, 0..1
  double noise = 1.0;  ///< linear within about two of these
  double most = 1.0;   ///< this much above `zero` is white
  /// 0 (black) .. 1 (white).
  double operator()(double value) const;
};

/// Sky at the median, white at the brightest pixel of the middle.
Stretch stretch_of_image(const NumberArray& array, std::size_t row);
/// Zero is mid-grey; what is brighter than the reference is white, what is fainter black.
Stretch stretch_of_difference(const NumberArray& array, std::size_t row);

/// Cut-out `row` of [row][y][x] as a data URI of a PNG, y upwards. Pixels without a value are
/// transparent.
std::string stamp_uri(const NumberArray& array, std::size_t row, const Stretch& stretch);

/// Directions of north and east on a frame's pixels (x to the right, y upwards), unit vectors.
struct Compass {
  bool known = false;
  double north_x = 0.0, north_y = 1.0, east_x = -1.0, east_y = 0.0;
};
Compass compass_of(const SearchedFrame& frame);

}  // namespace polis
