#pragma once

#include <cstddef>

#include "kernels/difference.h"
#include "kernels/difference_mask.h"
#include "kernels/view.h"

namespace polis {

/// [px] A difference is worked through in tiles: what belongs to one stays in the second-level
/// cache, and its rows are long enough for the memory to run ahead.
inline constexpr std::ptrdiff_t tile_columns = 256;
inline constexpr std::ptrdiff_t tile_rows = 64;

/// A fitted pair, ready to be subtracted.
struct SubtractPlan {
  const DifferenceFrame& sharp;  ///< convolved
  const DifferenceFrame& broad;
  const MatchingKernel& kernel;
  bool convolved_reference = true;
  KernelReach reach;  ///< by which the mask of the sharp frame grows
};

/// What the score needs to know of each pixel, all but the first binned 2 x 2; where a pixel is not
/// usable, 0.
struct SubtractedPlanes {
  View<float> difference;           ///< [unit of the science frame]
  View<float> broad_variance;       ///< the same, full size: of the broad frame [unit^2]
  View<MaskPixel> mask;             ///< of both frames, grown
  View<float> broad_variance_half;  ///< (width + 1) / 2 x (height + 1) / 2
  View<float> sharp_variance_half;  ///< before the convolution
  View<float> model_half;           ///< the convolved sharp frame: the light that was taken away
};

/// Convolves and subtracts.
void subtract_convolved(const SubtractPlan& plan, const SubtractedPlanes& out);

/// The same for one rectangle of at most tile_columns x tile_rows pixels that starts at (x0, y0):
/// only the difference, broad - convolved sharp, in the unit of the broad frame; pixels that are
/// not usable are NaN. To look at samples.
void subtract_sample(const SubtractPlan& plan, std::ptrdiff_t x0, std::ptrdiff_t y0,
                     View<float> difference);

}  // namespace polis
