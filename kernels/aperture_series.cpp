#include "kernels/aperture_series.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

/// Area of the circle about the origin within [0, x] x [0, y], for x, y >= 0.
double quadrant_area(double x, double y, double radius) {
  const double r2 = radius * radius;
  x = std::min(x, radius);
  y = std::min(y, radius);
  if (x * x + y * y <= r2) return x * y;
  const double x_at_y = std::sqrt(std::max(0.0, r2 - y * y));  // left of it the arc is above y
  const auto primitive = [&](double t) {
    return 0.5 *
           (t * std::sqrt(std::max(0.0, r2 - t * t)) + r2 * std::asin(std::min(1.0, t / radius)));
  };
  return x_at_y * y + primitive(x) - primitive(x_at_y);
}

double signed_area(double x, double y, double radius) {
  const double area = quadrant_area(std::abs(x), std::abs(y), radius);
  return (x < 0) != (y < 0) ? -area : area;
}

struct Window {
  std::ptrdiff_t x0, x1, y0, y1;  ///< inclusive
};

/// The pixels that a circle touches. False: it leaves the image.
bool window_of(View<const float> image, double x, double y, double radius, Window& window) {
  if (!std::isfinite(x) || !std::isfinite(y) || std::abs(x) > 1e8 || std::abs(y) > 1e8)
    return false;
  window = {std::lround(std::floor(x - radius + 0.5)), std::lround(std::ceil(x + radius - 0.5)),
            std::lround(std::floor(y - radius + 0.5)), std::lround(std::ceil(y + radius - 0.5))};
  return image.contains(window.x0, window.y0) && image.contains(window.x1, window.y1);
}

bool usable(View<const float> image, View<const MaskPixel> mask, MaskPixel avoid, std::ptrdiff_t x,
            std::ptrdiff_t y) {
  if (!image.contains(x, y) || !std::isfinite(image(x, y))) return false;
  return mask.empty() || (mask(x, y) & avoid) == 0;
}

struct Sky {
  double level = kNothing, level_err = kNothing;
};

/// Mean of `values` after clipping about the median with the median absolute deviation.
Sky clipped_mean(std::vector<double>& values, double clip) {
  constexpr int kRounds = 5;
  for (int round = 0; round < kRounds && values.size() > 2; ++round) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    const double median = *middle;
    std::vector<double> deviations(values.size());
    std::transform(values.begin(), values.end(), deviations.begin(),
                   [&](double v) { return std::abs(v - median); });
    const auto half = deviations.begin() + static_cast<std::ptrdiff_t>(deviations.size() / 2);
    std::nth_element(deviations.begin(), half, deviations.end());
    const double limit = clip * 1.4826 * *half;
    const auto kept = std::remove_if(values.begin(), values.end(), [&](double v) {
      return limit > 0.0 && std::abs(v - median) > limit;
    });
    if (kept == values.end()) break;
    values.erase(kept, values.end());
  }
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());  // one order of summation
  double sum = 0.0, squares = 0.0;
  for (double v : values) sum += v;
  const double count = static_cast<double>(values.size());
  const double mean = sum / count;
  for (double v : values) squares += (v - mean) * (v - mean);
  return {mean, values.size() > 1 ? std::sqrt(squares / (count * (count - 1.0))) : kNothing};
}

class Measurer {
 public:
  Measurer(View<const float> image, View<const float> variance, View<const MaskPixel> mask,
           const ApertureSeriesSettings& settings)
      : image_(image), variance_(variance), mask_(mask), settings_(settings) {}

  ApertureSeries measure(double x, double y) const {
    ApertureSeries result;
    const std::size_t count = settings_.radii_px.size();
    result.flux.assign(count, kNothing);
    result.flux_err.assign(count, kNothing);
    result.masked_fraction.assign(count, 1.0F);
    const Sky sky = sky_around(x, y);
    result.sky = sky.level;
    result.sky_err = sky.level_err;
    for (std::size_t k = 0; k < count; ++k) add_circle(x, y, k, result);
    return result;
  }

 private:
  Sky sky_around(double x, double y) const {
    if (!std::isfinite(x) || !std::isfinite(y) || std::abs(x) > 1e8 || std::abs(y) > 1e8) return {};
    const double outer = settings_.annulus_outer_px;
    const double inner2 = settings_.annulus_inner_px * settings_.annulus_inner_px;
    std::vector<double> values;
    for (std::ptrdiff_t j = std::lround(y - outer); j <= std::lround(y + outer); ++j) {
      for (std::ptrdiff_t i = std::lround(x - outer); i <= std::lround(x + outer); ++i) {
        const double dx = static_cast<double>(i) - x, dy = static_cast<double>(j) - y;
        const double r2 = dx * dx + dy * dy;
        if (r2 < inner2 || r2 > outer * outer) continue;
        if (usable(image_, mask_, settings_.avoid, i, j)) values.push_back(image_(i, j));
      }
    }
    return clipped_mean(values, settings_.annulus_clip);
  }

  void add_circle(double x, double y, std::size_t k, ApertureSeries& result) const {
    const double radius = settings_.radii_px[k];
    Window window{};
    if (!std::isfinite(result.sky) || !(radius > 0) || !window_of(image_, x, y, radius, window))
      return;
    double flux = 0.0, variance = 0.0, area = 0.0, masked = 0.0;
    for (std::ptrdiff_t j = window.y0; j <= window.y1; ++j) {
      for (std::ptrdiff_t i = window.x0; i <= window.x1; ++i) {
        const double weight =
            circle_pixel_overlap(static_cast<double>(i) - x, static_cast<double>(j) - y, radius);
        if (weight <= 0.0) continue;
        area += weight;
        if (!mask_.empty()) result.mask |= mask_(i, j);
        std::ptrdiff_t px = i, py = j;
        if (!usable(image_, mask_, settings_.avoid, i, j)) {
          masked += weight;
          px = std::lround(2 * x) - i;
          py = std::lround(2 * y) - j;
          if (!usable(image_, mask_, settings_.avoid, px, py)) continue;
        } else if (k == 0) {
          result.peak = std::max(result.peak, image_(i, j));
        }
        flux += weight * (image_(px, py) - result.sky);
        if (!variance_.empty()) variance += weight * variance_(px, py);
      }
    }
    result.flux[k] = flux;
    const double sky_error = std::isfinite(result.sky_err) ? area * result.sky_err : 0.0;
    result.flux_err[k] = std::sqrt(variance + sky_error * sky_error);
    result.masked_fraction[k] = static_cast<float>(masked / area);
  }

  View<const float> image_, variance_;
  View<const MaskPixel> mask_;
  const ApertureSeriesSettings& settings_;
};

}  // namespace

double circle_pixel_overlap(double dx, double dy, double radius) {
  const double far = std::hypot(std::abs(dx) + 0.5, std::abs(dy) + 0.5);
  if (far <= radius) return 1.0;
  const double near =
      std::hypot(std::max(0.0, std::abs(dx) - 0.5), std::max(0.0, std::abs(dy) - 0.5));
  if (near >= radius) return 0.0;
  const double area =
      signed_area(dx + 0.5, dy + 0.5, radius) - signed_area(dx - 0.5, dy + 0.5, radius) -
      signed_area(dx + 0.5, dy - 0.5, radius) + signed_area(dx - 0.5, dy - 0.5, radius);
  return std::clamp(area, 0.0, 1.0);
}

std::vector<ApertureSeries> aperture_series(View<const float> image, View<const float> variance,
                                            View<const MaskPixel> mask, std::span<const double> x,
                                            std::span<const double> y,
                                            const ApertureSeriesSettings& settings) {
  const std::size_t count = std::min(x.size(), y.size());
  std::vector<ApertureSeries> results(count);
  const Measurer measurer(image, variance, mask, settings);
  parallel_bands(static_cast<std::ptrdiff_t>(count), 32,
                 [&](std::ptrdiff_t first, std::ptrdiff_t last) {
                   for (std::ptrdiff_t i = first; i < last; ++i) {
                     const auto k = static_cast<std::size_t>(i);
                     results[k] = measurer.measure(x[k], y[k]);
                   }
                 });
  return results;
}

}  // namespace polis
