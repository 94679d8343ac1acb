#include "kernels/isophote.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace polis {
namespace {

/// Sums over one row about a reference pixel.
struct RowSums {
  double flux = 0, x = 0, xx = 0, variance = 0;
  float peak = std::numeric_limits<float>::lowest();
};

RowSums sum_row(const MeasuredPixels& image, const std::int32_t* labels, std::int32_t label,
                const Detection& source, std::int32_t y, Isophote& result) {
  RowSums sums;
  const float* residual = image.residual.row(y);
  const float* variance = image.variance.empty() ? nullptr : image.variance.row(y);
  const MaskPixel* mask = image.mask.empty() ? nullptr : image.mask.row(y);
  for (std::int32_t x = source.x0; x <= source.x1; ++x) {
    if (labels[x] != label) continue;
    const MaskPixel bits = mask == nullptr ? 0 : mask[x];
    result.mask |= bits;
    const float pixel = residual[x];
    if ((bits & ignored_by_detection) != 0 || !std::isfinite(pixel)) {
      ++result.left_out;
      continue;
    }
    const double value = static_cast<double>(pixel);
    const double dx = x - source.peak_x;
    sums.flux += value;
    sums.x += value * dx;
    sums.xx += value * dx * dx;
    sums.peak = std::max(sums.peak, pixel);
    if (variance != nullptr) {
      sums.variance += static_cast<double>(variance[x]);
    } else {
      const double noise = image.gain_e_per_unit > 0.0F
                               ? std::max(0.0, value) / static_cast<double>(image.gain_e_per_unit)
                               : 0.0;
      sums.variance += noise;
    }
  }
  return sums;
}

// A pixel is at least as wide as itself: variance of a uniform distribution over one.
constexpr double pixel_variance = 1.0 / 12.0;

}  // namespace

Isophote measure_isophote(const MeasuredPixels& image, View<const std::int32_t> labels,
                          const Detection& source, std::int32_t label) {
  Isophote result;
  double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  float peak = std::numeric_limits<float>::lowest();
  for (std::int32_t j = source.y0; j <= source.y1; ++j) {
    const RowSums row = sum_row(image, labels.row(j), label, source, j, result);
    const double dy = j - source.peak_y;
    result.flux += row.flux;
    result.variance += row.variance;
    x += row.x;
    y += row.flux * dy;
    xx += row.xx;
    yy += row.flux * dy * dy;
    xy += row.x * dy;
    peak = std::max(peak, row.peak);
  }
  if (image.variance.empty()) {
    const double rms =
        static_cast<double>(background_rms_at(*image.background, source.peak_x, source.peak_y));
    result.variance += rms * rms * (source.pixels - result.left_out);
  }
  result.peak = peak > std::numeric_limits<float>::lowest() ? peak : 0.0F;
  result.x = source.peak_x;
  result.y = source.peak_y;
  result.xx = result.yy = pixel_variance;
  if (!(result.flux > 0.0)) return result;
  const double mean_x = x / result.flux;
  const double mean_y = y / result.flux;
  const bool inside = source.peak_x + mean_x >= source.x0 && source.peak_x + mean_x <= source.x1 &&
                      source.peak_y + mean_y >= source.y0 && source.peak_y + mean_y <= source.y1;
  if (!inside) return result;
  result.x += mean_x;
  result.y += mean_y;
  result.xx = std::max(pixel_variance, xx / result.flux - mean_x * mean_x);
  result.yy = std::max(pixel_variance, yy / result.flux - mean_y * mean_y);
  const double largest = std::sqrt(
      std::max(0.0, (result.xx - 0.5 * pixel_variance) * (result.yy - 0.5 * pixel_variance)));
  result.xy = std::clamp(xy / result.flux - mean_x * mean_y, -largest, largest);
  return result;
}

MomentEllipse ellipse_of(double xx, double yy, double xy) {
  const double middle = 0.5 * (xx + yy);
  const double spread = std::hypot(0.5 * (xx - yy), xy);
  MomentEllipse ellipse;
  ellipse.a = std::sqrt(std::max(0.0, middle + spread));
  ellipse.b = std::sqrt(std::max(0.0, middle - spread));
  ellipse.theta_deg = 0.5 * std::atan2(2.0 * xy, xx - yy) * 180.0 / std::numbers::pi;
  return ellipse;
}

}  // namespace polis
