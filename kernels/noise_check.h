#pragma once

#include <cstddef>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

/// How the scatter of the sky compares with what the variance plane says. NaN where too few pixels
/// are usable.
struct NoiseCheck {
  double fine = 0.0;      ///< measured over modelled variance, from pixels against their neighbours
  double coarse = 0.0;    ///< the same from sums of 4 x 4 pixels against neighbouring sums
  double excess = 0.0;    ///< measured (as for `coarse`) minus modelled variance per pixel [unit^2]
  std::size_t cells = 0;  ///< of the quiet sky that these come from
};

/// Measures the noise in the quiet cells among at most 8 x 8 cells of 64 x 64 pixels, spread
/// evenly.
///
/// Neighbours that were interpolated from the same pixels differ by less than the noise, but
/// resampling keeps the noise of sums: sources are found and measured by sums, so `coarse` is what
/// their errors need. Stars and nebulae add to it, so it is an upper bound; `fine` hardly sees what
/// is smooth, so it is a lower bound. Both are equal where noise is white.
///
/// @param image     height x width; NaN and unusable pixels are left out
/// @param variance  same size [unit^2]
/// @param mask      same size, or empty
NoiseCheck check_noise(View<const float> image, View<const float> variance,
                       View<const MaskPixel> mask);

enum class NoiseVerdict { unknown, holds, too_small, too_large };

/// The variance is wrong only where the bounds leave no doubt: too small if `fine`, too large if
/// `coarse` differs from 1 by more than this factor.
inline constexpr double kNoiseTolerance = 2.0;
NoiseVerdict judge_noise(const NoiseCheck& check);

/// Makes a wrong variance that of the pixels. Where it was too small, something is missing that all
/// pixels have (the noise of a sky subtracted before, of the readout): `excess` is added. Where it
/// was too large, pixels are averages or the gain is higher than known: it is scaled by `coarse`.
void correct_variance(const NoiseCheck& check, View<float> variance);

}  // namespace polis
