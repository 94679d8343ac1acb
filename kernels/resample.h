#pragma once

#include "kernels/mask_bits.h"
#include "kernels/view.h"

/// Brings a frame onto another grid of pixels: Lanczos interpolation of third order (Duchon 1979,
/// J. Appl. Meteorol. 18, 1016; Bertin et al. 2002, ASPC 281, 228), widened where the new pixels
/// are larger, with variance and mask.
namespace polis {

/// Where the output's pixels lie in the input: exact at every `step`-th pixel, linear between.
/// `x` and `y` have ceil((width - 1) / step) + 1 columns (at least 2), likewise rows; 0-based input
/// pixels; NaN where the output sees nothing of the input's sky.
struct PixelMap {
  std::ptrdiff_t step = 8;
  std::ptrdiff_t width = 0, height = 0;  ///< of the output
  Plane<double> x, y;

  PixelMap() = default;
  PixelMap(std::ptrdiff_t width_in, std::ptrdiff_t height_in, std::ptrdiff_t step_in = 8);
  /// Calls `place(x, y)`, which gives the input position {x, y} of an output pixel, for every node.
  template <class Place>
  void fill(Place&& place) {
    for (std::ptrdiff_t j = 0; j < y.height(); ++j) {
      for (std::ptrdiff_t i = 0; i < x.width(); ++i) {
        const auto p = place(static_cast<double>(i * step), static_cast<double>(j * step));
        x(i, j) = p.x;
        y(i, j) = p.y;
      }
    }
  }
};

struct ResampleInput {
  View<const float> pixels;
  View<const float> variance;
  View<const MaskPixel> mask;  ///< may be empty
};
/// All of the map's size.
struct ResampleOutput {
  View<float> pixels;    ///< NaN, with the bit no_data, where the input gives no value
  View<float> variance;  ///< NaN likewise
  View<MaskPixel> mask;
};

/// Flux is conserved: a pixel that covers twice the input's area holds twice the light. Input
/// pixels without meaning (bad, hot, cosmic_ray, trail, no_data, NaN) do not enter; where they had
/// less than a tenth of the weight the others make up for them (interpolated), else the output has
/// no value. Bits of the pixels that matter go along. The variance is that of one pixel:
/// neighbours are correlated afterwards. A map that shrinks more than eightfold gives no values.
void resample(const ResampleInput& input, const PixelMap& map, const ResampleOutput& output);

}  // namespace polis
