#pragma once

#include <cstddef>
#include <span>

#include "kernels/correlate_block.h"
#include "kernels/fft.h"
#include "kernels/view.h"

namespace polis {

/// What noise and light look like at one place of a difference.
struct LocalNoise {
  View<const float> kernel;     ///< that was applied to the sharp frame
  View<const float> psf;        ///< of the broad frame, odd side, sum 1
  double sharp_variance = 0.0;  ///< of a sky pixel [unit^2]
  double broad_variance = 0.0;
  /// Power over that of white frames, per frequency of the transform; empty: they are white.
  std::span<const float> shape;
};

/// Filters for one place of a difference, all in the sense of correlate().
///
/// `decorrelate` makes the difference's noise white and leaves the light of a source as it is:
/// sqrt((b + s sum^2) / (b + s |K|^2)) in Fourier space, with b and s the variances of the broad
/// and the sharp frame and K the kernel (Reiss & Lupton 2016). `match` is the PSF that sources have
/// after that. The others say what variance a score has, exactly, where the variance of the pixels
/// varies: `noise_broad` and `noise_sharp` are the squares of all that was applied to either frame,
/// `match_half` is what the difference is filtered with in all (Zackay, Ofek & Gal-Yam 2016, ApJ
/// 830, 27, section 3.3). Those of `_half` work on planes binned 2 x 2: variances are smooth.
struct ScoreFilters {
  BlockTaps decorrelate, match;
  BlockTaps noise_broad_half, noise_sharp_half, match_half;
  BlockTaps sharp_after_half;  ///< square of what decorrelation makes of the kernel
  float broad_after = 1.0F;    ///< variance of a decorrelated pixel per variance of the broad frame
  float sky_variance = 0.0F;   ///< of the matched filter's sum on the sky [unit^2]
};

/// Side of the Fourier transforms that kernels of this radius need.
std::ptrdiff_t score_filter_side(std::ptrdiff_t kernel_radius);

ScoreFilters make_score_filters(const LocalNoise& noise, const SquareFft& fft);

}  // namespace polis
