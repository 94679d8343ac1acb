#include "kernels/star_shape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

constexpr double kFwhmOfSigma = 2.354820045;
constexpr float kMinPeakSnr = 30.0F;
constexpr std::ptrdiff_t kTile = 128;
constexpr std::size_t kMinPeaks = 5;
constexpr int kPhases = 5;

/// Share of a one-dimensional Gaussian about `centre` that falls on pixel `i`.
double pixel_share(double i, double centre, double sigma) {
  const double scale = 1.0 / (std::sqrt(2.0) * sigma);
  return 0.5 * (std::erf((i + 0.5 - centre) * scale) - std::erf((i - 0.5 - centre) * scale));
}

/// Mean ratio of the four neighbours to the highest pixel, over all positions in the pixel.
double neighbour_ratio(double fwhm_px) {
  const double sigma = fwhm_px / kFwhmOfSigma;
  double sum = 0.0;
  for (int i = 0; i < kPhases; ++i) {
    const double phase = static_cast<double>(i) / kPhases - 0.5 + 0.5 / kPhases;
    const double peak = pixel_share(0.0, phase, sigma);
    sum += 0.5 * (pixel_share(1.0, phase, sigma) + pixel_share(-1.0, phase, sigma)) / peak;
  }
  return sum / kPhases;  // the star is separable: along y the mean is the same
}

double fwhm_of_ratio(double ratio) {
  double low = 0.7;
  double high = 20.0;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (low + high);
    (neighbour_ratio(middle) < ratio ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

/// Ratio of the neighbours' mean to the pixel above `background`; negative where this is no star's
/// peak.
float peak_ratio(View<const float> image, View<const MaskPixel> mask, std::ptrdiff_t x,
                 std::ptrdiff_t y, float background) {
  const float centre = image(x, y) - background;
  float lowest = centre;
  for (std::ptrdiff_t dy = -1; dy <= 1; ++dy) {
    for (std::ptrdiff_t dx = -1; dx <= 1; ++dx) {
      if (!mask.empty() && (mask(x + dx, y + dy) & mask_bits::unusable) != 0) return -1.0F;
      const float value = image(x + dx, y + dy) - background;
      if (!(value <= centre)) return -1.0F;
      lowest = std::min(lowest, value);
    }
  }
  // Particle hits leave at least one neighbour dark; no star that a telescope makes does.
  if (lowest < 0.01F * centre) return -1.0F;
  return 0.25F *
         (image(x - 1, y) + image(x + 1, y) + image(x, y - 1) + image(x, y + 1) -
          4.0F * background) /
         centre;
}

std::vector<float> peak_ratios(View<const float> image, View<const float> variance,
                               View<const MaskPixel> mask, std::ptrdiff_t x0, std::ptrdiff_t y0) {
  std::vector<float> ratios;
  const std::ptrdiff_t x1 = std::min(image.width - 1, x0 + kTile);
  const std::ptrdiff_t y1 = std::min(image.height - 1, y0 + kTile);
  if (x1 <= x0 || y1 <= y0) return ratios;
  const View<const float> tile = image.cut(x0, y0, x1 - x0, y1 - y0);
  std::vector<float> values = sample_pixels(tile, {}, 0, 2048);
  const float background = static_cast<float>(clipped_level(values).level);
  for (std::ptrdiff_t y = y0; y < y1; ++y) {
    const float* light = image.row(y);
    const float* noise = variance.row(y);
    const auto stands_out = [&](std::ptrdiff_t x) {
      const float above = light[x] - background;
      return (above > 0.0F) & (above * above > kMinPeakSnr * kMinPeakSnr * noise[x]);
    };
    unsigned count = 0;
    for (std::ptrdiff_t x = x0; x < x1; ++x) count += stands_out(x) ? 1U : 0U;
    for (std::ptrdiff_t x = x0; count > 0 && x < x1; ++x) {
      if (!stands_out(x)) continue;
      const float ratio = peak_ratio(image, mask, x, y, background);
      if (ratio > 0.0F) ratios.push_back(ratio);
    }
  }
  return ratios;
}

}  // namespace

void draw_gaussian_star(View<float> image, double x, double y, double fwhm_px) {
  const double sigma = fwhm_px / kFwhmOfSigma;
  for (std::ptrdiff_t j = 0; j < image.height; ++j) {
    const double share = pixel_share(static_cast<double>(j), y, sigma);
    for (std::ptrdiff_t i = 0; i < image.width; ++i) {
      image(i, j) += static_cast<float>(share * pixel_share(static_cast<double>(i), x, sigma));
    }
  }
}

StarSharpness sharpest_star(double fwhm_px) {
  const double sigma = fwhm_px / kFwhmOfSigma;
  // The centre at the pixel's border is the worst case for the neighbour on the far side.
  const double side = pixel_share(1.0, -0.5, sigma) / pixel_share(0.0, -0.5, sigma);
  return {side, side * side};
}

double estimate_star_fwhm(View<const float> image, View<const float> variance,
                          View<const MaskPixel> mask, double fallback) {
  if (image.width < 3 || image.height < 3) return fallback;
  const std::ptrdiff_t columns = (image.width - 2 + kTile - 1) / kTile;
  const std::ptrdiff_t rows = (image.height - 2 + kTile - 1) / kTile;
  std::vector<std::vector<float>> found(static_cast<std::size_t>(columns * rows));
  parallel_for(columns * rows, [&](std::ptrdiff_t i) {
    found[static_cast<std::size_t>(i)] =
        peak_ratios(image, variance, mask, 1 + i % columns * kTile, 1 + i / columns * kTile);
  });
  std::vector<float> ratios;
  for (const std::vector<float>& part : found)
    ratios.insert(ratios.end(), part.begin(), part.end());
  if (ratios.size() < kMinPeaks) return fallback;
  // Blends and galaxies only make peaks wider: the stars are at the lower quartile.
  const auto quartile = ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 4);
  std::nth_element(ratios.begin(), quartile, ratios.end());
  return fwhm_of_ratio(static_cast<double>(*quartile));
}

}  // namespace polis
