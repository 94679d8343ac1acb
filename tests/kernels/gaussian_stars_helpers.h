#pragma once

#include <cstdint>
#include <vector>

#include "kernels/matched_filter.h"
#include "kernels/view.h"

/// Small images with known contents.
namespace polis::test {

struct Star {
  double x, y, flux_e;
};

struct StarField {
  Plane<float> pixels;  ///< [e] sky, stars and noise
  Plane<float> variance;
  Plane<MaskPixel> mask;
  MeasuredPixels measured() const {
    return {pixels.view(), variance.view(), mask.view(), nullptr, 1.0F};
  }
};

/// Adds a round Gaussian, averaged over each pixel.
void add_gaussian(const Star& star, double fwhm_px, View<float> image);

/// Gaussian stars on a sky; the noise is that of the electrons plus 5 e of reading. No noise: noise
/// = 0.
StarField make_star_field(std::ptrdiff_t width, std::ptrdiff_t height,
                          const std::vector<Star>& stars, double fwhm_px, double sky_e,
                          double noise = 1.0, std::uint64_t seed = 5);

/// White noise of standard deviation 1 about 0.
Plane<float> white_noise(std::ptrdiff_t width, std::ptrdiff_t height, std::uint64_t seed);

}  // namespace polis::test
