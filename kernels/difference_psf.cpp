#include "kernels/difference_psf.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/convolve.h"
#include "kernels/parallel.h"
#include "kernels/robust.h"
#include "kernels/star_centre.h"

namespace polis {
namespace {

constexpr std::size_t kMostStars = 150;
constexpr std::size_t kFewestStars = 5;
constexpr double kWidest = 1.4;  // a star whose FWHM is that far from the usual one is not a star

/// Weights of a cubic that passes through the samples (Catmull & Rom) at -1, 0, 1, 2 for a place
/// between the middle two.
std::array<double, 4> cubic_weights(double t) {
  return {0.5 * (-t + 2.0 * t * t - t * t * t), 0.5 * (2.0 - 5.0 * t * t + 3.0 * t * t * t),
          0.5 * (t + 4.0 * t * t - 3.0 * t * t * t), 0.5 * (-t * t + t * t * t)};
}

/// The frame at a place between pixels; NaN where a pixel is not usable.
double sample(const DifferenceFrame& frame, double x, double y) {
  const double floor_x = std::floor(x);
  const double floor_y = std::floor(y);
  const auto x0 = static_cast<std::ptrdiff_t>(floor_x);
  const auto y0 = static_cast<std::ptrdiff_t>(floor_y);
  const auto along_x = cubic_weights(x - floor_x);
  const auto along_y = cubic_weights(y - floor_y);
  double sum = 0.0;
  for (std::ptrdiff_t j = 0; j < 4; ++j) {
    for (std::ptrdiff_t i = 0; i < 4; ++i) {
      const std::ptrdiff_t px = x0 + i - 1;
      const std::ptrdiff_t py = y0 + j - 1;
      if (!frame.pixels.contains(px, py) || !usable_pixel(frame, px, py)) return std::nan("");
      sum += along_x[static_cast<std::size_t>(i)] * along_y[static_cast<std::size_t>(j)] *
             static_cast<double>(frame.pixels(px, py));
    }
  }
  return sum;
}

void make_fit_for_filtering(Plane<float>& stamp) {
  double sum = 0.0;
  for (std::ptrdiff_t i = 0; i < stamp.size(); ++i) {
    stamp.data()[i] = std::max(0.0F, stamp.data()[i]);
    sum += static_cast<double>(stamp.data()[i]);
  }
  for (std::ptrdiff_t i = 0; i < stamp.size(); ++i) stamp.data()[i] /= static_cast<float>(sum);
}

/// Places of the brightest stars that have the usual width.
std::vector<StarCentre> choose(const DifferenceFrame& frame, double sky,
                               std::vector<MatchStar> stars, double fwhm_px) {
  std::stable_sort(stars.begin(), stars.end(),
                   [](const MatchStar& a, const MatchStar& b) { return a.peak > b.peak; });
  std::vector<StarCentre> centres;
  for (const MatchStar& star : stars) {
    const StarCentre centre = measure_star_centre(frame.pixels, sky, star.x, star.y);
    const double ratio = centre.fwhm_px / fwhm_px;
    if (ratio > kWidest || ratio < 1.0 / kWidest || !(centre.flux > 0.0)) continue;
    centres.push_back(centre);
    if (centres.size() == kMostStars) break;
  }
  return centres;
}

}  // namespace

Plane<float> stack_stars(const DifferenceFrame& frame, double sky,
                         const std::vector<MatchStar>& stars, double fwhm_px,
                         std::ptrdiff_t radius) {
  const std::vector<StarCentre> centres = choose(frame, sky, stars, fwhm_px);
  if (centres.size() < kFewestStars) return gaussian_kernel(fwhm_px);
  Plane<float> stamp(2 * radius + 1, 2 * radius + 1);
  parallel_for(stamp.height(), [&](std::ptrdiff_t row) {
    const std::ptrdiff_t y = row - radius;
    std::vector<float> values;
    for (std::ptrdiff_t x = -radius; x <= radius; ++x) {
      values.clear();
      for (const StarCentre& centre : centres) {
        const double value =
            sample(frame, centre.x + static_cast<double>(x), centre.y + static_cast<double>(y));
        if (std::isfinite(value)) values.push_back(static_cast<float>((value - sky) / centre.flux));
      }
      if (values.size() >= kFewestStars) stamp(x + radius, row) = median_in_place(values);
    }
  });
  if (!(*std::max_element(stamp.data(), stamp.data() + stamp.size()) > 0.0F)) {
    return gaussian_kernel(fwhm_px);
  }
  make_fit_for_filtering(stamp);
  return stamp;
}

}  // namespace polis
