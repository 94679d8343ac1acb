#include "kernels/gaussian_stars_helpers.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace polis::test {

void add_gaussian(const Star& star, double fwhm_px, View<float> image) {
  const double scale = std::sqrt(2.0) * fwhm_px / 2.354820045030949;
  const auto part = [&](std::ptrdiff_t i, double centre) {
    const double offset = static_cast<double>(i) - centre;
    return 0.5 * (std::erf((offset + 0.5) / scale) - std::erf((offset - 0.5) / scale));
  };
  for (std::ptrdiff_t y = 0; y < image.height; ++y) {
    const double across = star.flux_e * part(y, star.y);
    if (across < 1e-4) continue;
    for (std::ptrdiff_t x = 0; x < image.width; ++x) {
      image(x, y) += static_cast<float>(across * part(x, star.x));
    }
  }
}

StarField make_star_field(std::ptrdiff_t width, std::ptrdiff_t height,
                          const std::vector<Star>& stars, double fwhm_px, double sky_e,
                          double noise, std::uint64_t seed) {
  StarField field{Plane<float>(width, height), Plane<float>(width, height),
                  Plane<MaskPixel>(width, height)};
  for (const Star& star : stars) add_gaussian(star, fwhm_px, field.pixels.view());
  RandomStream random(seed, "star field");
  for (std::ptrdiff_t i = 0; i < field.pixels.size(); ++i) {
    float& pixel = field.pixels.data()[i];
    const double variance = static_cast<double>(pixel) + sky_e + 25.0;
    pixel += static_cast<float>(noise * std::sqrt(variance) * random.normal());
    field.variance.data()[i] =
        static_cast<float>(sky_e + 25.0) + std::max(pixel, -0.5F * static_cast<float>(sky_e));
  }
  return field;
}

Plane<float> white_noise(std::ptrdiff_t width, std::ptrdiff_t height, std::uint64_t seed) {
  Plane<float> image(width, height);
  RandomStream random(seed, "white noise");
  for (std::ptrdiff_t i = 0; i < image.size(); ++i)
    image.data()[i] = static_cast<float>(random.normal());
  return image;
}

}  // namespace polis::test
