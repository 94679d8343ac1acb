#pragma once

#include "kernels/mask_bits.h"
#include "kernels/trail_pieces.h"
#include "kernels/view.h"

namespace polis {

/// A trail's line in pixels of the image and the stretch of it that is lit.
struct TrailStretch {
  TrailLine line;  ///< [px]
  double t0 = 0.0, t1 = 0.0;
};

struct MaskedTrail {
  double t0 = 0.0, t1 = 0.0;  ///< after its ends were followed
  double half_width = 0.0;    ///< median over its length [px]
  double brightness = 0.0;    ///< median of its brightest row [sigma per pixel]
};

/// Measures across a trail, in pieces of 48 pixels, how far it reaches, follows its ends, and sets
/// `trail`.
/// @param reach  pixels to either side that are looked at
MaskedTrail mask_trail(View<const float> image, View<const float> variance,
                       const TrailStretch& stretch, int reach, double edge_sigma,
                       View<MaskPixel> mask);

}  // namespace polis
