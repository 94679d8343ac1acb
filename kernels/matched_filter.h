#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/background.h"
#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

/// PSF stamps (odd size, sum 1) on a grid of equal cells over the image, y slowest: the local PSF.
/// One kernel serves the whole image when columns = rows = 1.
struct KernelGrid {
  std::ptrdiff_t columns = 1;
  std::ptrdiff_t rows = 1;
  std::vector<Plane<float>> kernels;

  static KernelGrid uniform(Plane<float> kernel) { return {1, 1, {std::move(kernel)}}; }
};

/// What the detector knows about each pixel, all height x width.
struct MeasuredPixels {
  View<const float> residual;  ///< sky subtracted
  View<const float> variance;  ///< [unit^2]; empty: the background's rms squared, plus source noise
  View<const MaskPixel> mask;  ///< may be empty
  const Background* background = nullptr;  ///< needed where `variance` is empty
  float gain_e_per_unit =
      1.0F;  ///< turns signal into its Poisson noise; 0: no source noise in `variance`
};

/// Pixels that detection leaves out. Saturated and bled pixels stay: their value is a lower limit.
inline constexpr MaskPixel ignored_by_detection =
    mask_bits::unusable & ~(mask_bits::saturated | mask_bits::bleed);

/// Signal-to-noise of a point source centred on each pixel: sum(K d / v) / sqrt(sum(K^2 / v)) over
/// the pixels that are usable, where v is the variance without the source's own Poisson noise
/// (variance - residual / gain), so that the filter stays linear in the source's flux. 0 where
/// nothing is usable.
void matched_filter(const MeasuredPixels& image, const KernelGrid& kernels, View<float> snr);

}  // namespace polis
