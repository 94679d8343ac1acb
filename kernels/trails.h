#pragma once

#include <vector>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

struct TrailOptions {
  std::ptrdiff_t most_bins =
      1024;  ///< the search runs on an image binned to at most this width and height
  double min_significance = 7.0;  ///< of a segment's sum among all segments' sums
  int min_lit_pieces = 6;         ///< pieces of 12 bins in which the trail must stand out by itself
  double min_lit_share = 0.7;     ///< share of its pieces, end to end, that stand out
  double edge_sigma =
      0.4;  ///< the mask reaches to where the trail falls below this, per pixel [sigma]
  int most_trails = 10;
};

/// One trail, from end to end. [px]
struct Trail {
  double x0 = 0.0, y0 = 0.0, x1 = 0.0, y1 = 0.0;
  double half_width = 0.0;  ///< of the mask
  double brightness = 0.0;  ///< median excess of its brightest pixel row [sigma per pixel]
};

/// Finds trails of satellites and aeroplanes and sets `trail` where they run.
///
/// Segments that stand out in the fast Radon transform of the binned S/N image are looked at piece
/// by piece: the *median* along most pieces must stand out against both sides, which stars,
/// galaxies and nebulae in the way do not bring about. Light that is gathered about a saturated
/// star is a diffraction spike. Saturated, bled and defective pixels take no part.
///
/// @param image     height x width [electron], background included
/// @param variance  same size [electron^2]
/// @param mask      same size; read and written
std::vector<Trail> find_trails(View<const float> image, View<const float> variance,
                               const TrailOptions& options, View<MaskPixel> mask);

}  // namespace polis
