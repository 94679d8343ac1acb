#pragma once

#include <cstddef>
#include <vector>

#include "kernels/view.h"

namespace polis {

/// A straight segment in an image and how far its sum stands out.
struct LineSegment {
  double x0 = 0.0, y0 = 0.0, x1 = 0.0, y1 = 0.0;  ///< ends [px]
  double significance =
      0.0;  ///< (sum / sqrt(pixels) - median) / sigma, both over all segments of that length
};

struct LineSumOptions {
  std::ptrdiff_t min_length =
      64;  ///< shortest segments that are summed, along their longer axis [px]
  double min_significance = 7.0;
  std::size_t most = 40;
  /// Pixels are cut to these values, so that a bright star weighs no more than a faint one.
  float lowest = -3.0F, highest = 4.0F;
};

/// The segments with the largest sums, of all slopes, places and dyadic lengths: the fast Radon
/// transform (Brady 1998, SIAM J. Comput. 27, 107; for streaks Nir, Zackay & Ofek 2018, AJ 156,
/// 229). Segments that nearly coincide are given once. Most significant first.
///
/// Sums are made in 16-bit integers: pixels are rounded to the smallest step that no sum along the
/// whole image can overflow, an eighth of sigma for 1024 pixels, which adds 0.1 % to the variance.
///
/// @param image  height x width, of zero mean and unit variance where there is nothing; 0 for what
/// is not known (NaN counts as 0)
std::vector<LineSegment> brightest_segments(View<const float> image, const LineSumOptions& options);

}  // namespace polis
