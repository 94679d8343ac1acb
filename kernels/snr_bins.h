#pragma once

#include <cstdint>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

/// An image binned by `factor` x `factor`, in units of its local noise above its local background.
struct SnrBins {
  std::ptrdiff_t factor = 1;
  Plane<float> snr;               ///< 0 where `used` is 0
  Plane<std::uint8_t> used;       ///< 0: fewer than half of the pixels have a value
  Plane<std::uint8_t> saturated;  ///< 1: holds a saturated or bled pixel
  /// Centre of a bin in pixels of the image, and back.
  double to_pixel(double bin) const { return (bin + 0.5) * static_cast<double>(factor) - 0.5; }
  double to_bin(double pixel) const { return (pixel + 0.5) / static_cast<double>(factor) - 0.5; }
};

/// The background is the median over tiles of 24 x 24 bins, interpolated; the noise is the larger
/// of what `variance` says and the scatter within the tile. Pixels with a bit of `unusable` other
/// than cosmic_ray and trail, and hits, are left out.
SnrBins bin_snr(View<const float> image, View<const float> variance, View<const MaskPixel> mask,
                std::ptrdiff_t factor);

}  // namespace polis
