#include "kernels/isophote.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

#include "kernels/simd.h"

namespace polis {
namespace {

/// Sums over one row, about the peak's column.
struct RowSums {
  double flux = 0, x = 0, xx = 0;
};

/// What needs no row: kept by lane until the end.
struct LaneSums {
  simd::Float8 variance{};
  simd::Float8 peak = simd::splat(std::numeric_limits<float>::lowest());
  simd::Int8 mask{};
  simd::Int8 left_out{};
};

/// One row of the image and of the source's pixels in it. Eight pixels at a time; the last few of a
/// row are copied first where eight would leave the image.
class RowReader {
 public:
  RowReader(const MeasuredPixels& image, View<const std::int32_t> labels, std::int32_t y)
      : width_(labels.width),
        residual_(image.residual.row(y)),
        variance_(image.variance.empty() ? nullptr : image.variance.row(y)),
        mask_(image.mask.empty() ? nullptr
                                 : reinterpret_cast<const std::int32_t*>(image.mask.row(y))),
        labels_(labels.row(y)) {}

  simd::Float8 residual(std::ptrdiff_t x) const { return read<simd::Float8>(residual_, x); }
  simd::Int8 labels(std::ptrdiff_t x) const { return read<simd::Int8>(labels_, x); }
  simd::Int8 mask(std::ptrdiff_t x) const {
    return mask_ == nullptr ? simd::Int8{} : read<simd::Int8>(mask_, x);
  }
  /// Without a plane: the source's own noise; the sky's is added for all pixels together.
  simd::Float8 variance(std::ptrdiff_t x, simd::Float8 value, float per_unit) const {
    if (variance_ != nullptr) return read<simd::Float8>(variance_, x);
    return per_unit * simd::larger(value, simd::Float8{});
  }

 private:
  template <class Eight, class Value>
  Eight read(const Value* row, std::ptrdiff_t x) const {
    Eight result{};
    const std::ptrdiff_t count = std::min<std::ptrdiff_t>(8, width_ - x);
    if (count == 8) {
      std::memcpy(&result, row + x, sizeof result);
    } else {
      std::memcpy(&result, row + x, static_cast<std::size_t>(count) * sizeof(Value));
    }
    return result;
  }

  std::ptrdiff_t width_;
  const float* residual_;
  const float* variance_;
  const std::int32_t* mask_;
  const std::int32_t* labels_;
};

RowSums sum_row(const RowReader& row, std::int32_t label, const Detection& source, float per_unit,
                LaneSums& all) {
  using namespace simd;
  Float8 flux{};
  Float8 first{};
  Float8 second{};
  for (std::int32_t x = source.x0; x <= source.x1; x += 8) {
    const Int8 own = row.labels(x) == label;
    if (bits(own) == 0) continue;
    const Int8 bits_here = row.mask(x) & own;
    const Float8 pixel = row.residual(x);
    const Int8 bad = ((bits_here & static_cast<std::int32_t>(ignored_by_detection)) != 0) |
                     (pixel - pixel != 0.0F);
    const Int8 used = own & ~bad;
    const Float8 value = keep(used, pixel);
    const Float8 dx = ramp() + static_cast<float>(x - source.peak_x);
    flux += value;
    first += value * dx;
    second += value * dx * dx;
    all.mask |= bits_here;
    all.left_out -= own & bad;
    all.variance += keep(used, row.variance(x, value, per_unit));
    all.peak = (used & (pixel > all.peak)) ? pixel : all.peak;
  }
  return {sum(flux), sum(first), sum(second)};
}

// A pixel is at least as wide as itself: variance of a uniform distribution over one.
constexpr double pixel_variance = 1.0 / 12.0;

}  // namespace

Isophote measure_isophote(const MeasuredPixels& image, View<const std::int32_t> labels,
                          const Detection& source, std::int32_t label) {
  Isophote result;
  double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  float peak = std::numeric_limits<float>::lowest();
  LaneSums all;
  const float per_unit = image.gain_e_per_unit > 0.0F ? 1.0F / image.gain_e_per_unit : 0.0F;
  for (std::int32_t j = source.y0; j <= source.y1; ++j) {
    const RowSums row = sum_row(RowReader(image, labels, j), label, source, per_unit, all);
    const double dy = j - source.peak_y;
    result.flux += row.flux;
    x += row.x;
    y += row.flux * dy;
    xx += row.xx;
    yy += row.flux * dy * dy;
    xy += row.x * dy;
  }
  result.variance = simd::sum(all.variance);
  result.left_out = static_cast<std::int32_t>(simd::sum(all.left_out));
  for (std::size_t k = 0; k < simd::lanes; ++k) {
    peak = std::max(peak, all.peak[k]);
    result.mask |= static_cast<MaskPixel>(all.mask[k]);
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
