#pragma once

#include <cstddef>

#include "kernels/difference_filters.h"
#include "kernels/difference_fit.h"
#include "kernels/difference_subtract.h"
#include "kernels/view.h"

namespace polis {

/// What a score is made from.
struct ScoreInput {
  View<const float> difference;  ///< as it was subtracted; unusable pixels 0
  View<const MaskPixel> mask;
  View<const float> broad_variance_half;  ///< as subtract_convolved() leaves them
  View<const float> sharp_variance_half;
  View<const float> model_half;
  const MatchingKernel& kernel;
  View<const float> psf;        ///< of the broad frame
  double sharp_variance = 0.0;  ///< of a usual sky pixel, where a cell has none
  double broad_variance = 0.0;
  MatchScatter scatter;  ///< what is left of stars where there are stars to fit on
  const KernelFit& fit;  ///< knows what it does not know
};

/// Filters on a grid of cells over the image.
class ScoreFilterGrid {
 public:
  explicit ScoreFilterGrid(const ScoreInput& input);
  const ScoreFilters& at(std::ptrdiff_t x, std::ptrdiff_t y) const {
    return filters_[static_cast<std::size_t>((y / cell_px) * columns_ + x / cell_px)];
  }
  /// [px] A multiple of the tiles' sides.
  static constexpr std::ptrdiff_t cell_px = 256;

 private:
  std::ptrdiff_t columns_ = 0;
  std::vector<ScoreFilters> filters_;
};

/// Makes the noise of the difference white: into `decorrelated`, with its variance; `variance`
/// holds the broad frame's at first. Where the mask has an unusable bit both are 0.
void decorrelate_difference(const ScoreInput& input, const ScoreFilterGrid& filters,
                            View<float> decorrelated, View<float> variance);

/// Signal-to-noise of a point source centred on each pixel of the decorrelated difference: matched
/// filter over the root of its variance, which counts the noise of both frames and, near stars,
/// what is not known of the kernel. 0 where the mask has an unusable bit.
void score_difference(const ScoreInput& input, const ScoreFilterGrid& filters,
                      View<const float> decorrelated, View<float> score);

/// Noise of the score on the sky: clipped scatter over a fixed pattern of pixels, of each
/// neighbourhood the half where the model has less light. 1 where there are too few.
double score_noise(const ScoreInput& input, View<const float> score);

}  // namespace polis
