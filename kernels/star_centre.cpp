#include "kernels/star_centre.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace polis {
namespace {

constexpr std::ptrdiff_t kRadius = 8;  // [px] of the window
constexpr int kIterations = 12;
constexpr double kFwhmOfSigma = 2.3548200450;
constexpr double kWidest = 6.0;     // [px] sigma
constexpr double kNarrowest = 0.3;  // [px] sigma
constexpr double kFarthest = 2.0;   // [px] from the highest pixel

struct Moments {
  double light = 0.0, x = 0.0, y = 0.0, square = 0.0, weight = 0.0;
};

Moments measure(View<const float> pixels, double sky, std::ptrdiff_t x0, std::ptrdiff_t y0,
                const StarCentre& centre, double sigma) {
  Moments sum;
  const double scale = -0.5 / (sigma * sigma);
  std::array<double, 2 * kRadius + 1> along_x{};
  for (std::ptrdiff_t i = -kRadius; i <= kRadius; ++i) {
    along_x[static_cast<std::size_t>(i + kRadius)] =
        std::exp(scale * std::pow(static_cast<double>(x0 + i) - centre.x, 2));
  }
  for (std::ptrdiff_t y = std::max<std::ptrdiff_t>(0, y0 - kRadius);
       y <= std::min(pixels.height - 1, y0 + kRadius); ++y) {
    const double dy = static_cast<double>(y) - centre.y;
    const double along_y = std::exp(scale * dy * dy);
    for (std::ptrdiff_t x = std::max<std::ptrdiff_t>(0, x0 - kRadius);
         x <= std::min(pixels.width - 1, x0 + kRadius); ++x) {
      const double value = static_cast<double>(pixels(x, y)) - sky;
      if (!std::isfinite(value)) continue;
      const double dx = static_cast<double>(x) - centre.x;
      const double r2 = dx * dx + dy * dy;
      const double weight = along_y * along_x[static_cast<std::size_t>(x - x0 + kRadius)];
      sum.light += weight * value;
      sum.x += weight * value * dx;
      sum.y += weight * value * dy;
      sum.square += weight * value * r2;
      sum.weight += weight * weight;
    }
  }
  return sum;
}

}  // namespace

StarCentre measure_star_centre(View<const float> pixels, double sky, std::ptrdiff_t x,
                               std::ptrdiff_t y) {
  StarCentre centre{static_cast<double>(x), static_cast<double>(y), 0.0, 0.0};
  double sigma = 1.5;
  Moments sum;
  for (int i = 0; i < kIterations; ++i) {
    sum = measure(pixels, sky, x, y, centre, sigma);
    if (!(sum.light > 0.0) || !(sum.square > 0.0)) return {};
    // Through a Gaussian window of its own width a Gaussian's moments are half of its own.
    centre.x += 2.0 * sum.x / sum.light;
    centre.y += 2.0 * sum.y / sum.light;
    sigma = std::clamp(std::sqrt(sum.square / sum.light), kNarrowest, kWidest);
    if (std::hypot(centre.x - static_cast<double>(x), centre.y - static_cast<double>(y)) >
        kFarthest) {
      return {};
    }
  }
  if (sigma >= kWidest) return {};
  centre.fwhm_px = kFwhmOfSigma * sigma;
  centre.flux = sum.light * 2.0 * std::numbers::pi * sigma * sigma / std::max(sum.weight, 1e-30);
  return centre;
}

}  // namespace polis
