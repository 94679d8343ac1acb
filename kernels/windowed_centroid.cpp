#include "kernels/windowed_centroid.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/simd.h"

namespace polis {
namespace {

constexpr int max_steps = 16;
constexpr double tolerance_px = 2e-4;
constexpr double window_reach_sigmas = 4.0;

/// A Gaussian along one axis, about a centre that moves: exp(-(i - c)^2 / 2 s^2) up to a factor
/// that is the same for all i. With i and c counted from a fixed middle, that is exp(-i^2 / 2 s^2)
/// t^i, where t = exp(c / s^2): only the first factor costs exponentials, once per source.
class Window {
 public:
  Window(double sigma, std::int32_t middle, std::int32_t reach, std::int32_t size)
      : middle_(middle), inverse_(1.0 / (sigma * sigma)) {
    first_ = std::max(0, middle - reach);
    last_ = std::min(size, middle + reach + 1);
    const std::int32_t blocks = (last_ - first_ + 7) / 8;
    fixed_.assign(static_cast<std::size_t>(8 * std::max(0, blocks)), 0.0F);
    weight_ = fixed_;
    for (std::int32_t i = first_; i < last_; ++i) {
      const double offset = i - middle;
      fixed_[static_cast<std::size_t>(i - first_)] =
          static_cast<float>(std::exp(-0.5 * offset * offset * inverse_));
    }
  }

  void centre_on(double centre) {
    const double ratio = std::exp((centre - middle_) * inverse_);
    double factor = std::exp((centre - middle_) * inverse_ * (first_ - middle_));
    for (std::size_t i = 0; i < fixed_.size(); ++i) {
      weight_[i] = fixed_[i] * static_cast<float>(factor);
      factor *= ratio;
    }
  }

  std::int32_t first() const { return first_; }
  std::int32_t last() const { return last_; }
  std::size_t size() const { return weight_.size(); }
  const float* weights() const { return weight_.data(); }

 private:
  std::int32_t middle_;
  double inverse_;
  std::int32_t first_ = 0;
  std::int32_t last_ = 0;
  std::vector<float> fixed_;
  std::vector<float> weight_;
};

struct Moments {
  double sum = 0, x = 0, y = 0, square = 0;
};

/// Weighted moments about the centre; `along` are window weights along x, 0 beyond the window.
Moments weigh(const SourceStamp& stamp, const Window& along, const Window& across, double x,
              double y) {
  using namespace simd;
  const auto start = static_cast<float>(along.first() - x);
  Float8 total{};
  Float8 total_x{};
  Float8 total_y{};
  Float8 total_square{};
  for (std::int32_t j = across.first(); j < across.last(); ++j) {
    const float* value = &stamp.value[stamp.row(j) + static_cast<std::size_t>(along.first())];
    const float weight = across.weights()[j - across.first()];
    const auto dy = static_cast<float>(j - y);
    for (std::size_t i = 0; i < along.size(); i += lanes) {
      const Float8 dx = ramp() + (start + static_cast<float>(i));
      const Float8 weighted = weight * load(along.weights() + i) * load(value + i);
      total += weighted;
      total_x += weighted * dx;
      total_y += weighted * dy;
      total_square += weighted * (dx * dx + dy * dy);
    }
  }
  return {sum(total), sum(total_x), sum(total_y), sum(total_square)};
}

/// Sums of weight^2 variance offset^2 along x and y.
void add_noise(const SourceStamp& stamp, const Window& along, const Window& across, double x,
               double y, double& noise_x, double& noise_y) {
  using namespace simd;
  const auto start = static_cast<float>(along.first() - x);
  Float8 total_x{};
  Float8 total_y{};
  for (std::int32_t j = across.first(); j < across.last(); ++j) {
    const float* variance = &stamp.variance[stamp.row(j) + static_cast<std::size_t>(along.first())];
    const float across_weight = across.weights()[j - across.first()];
    const auto dy = static_cast<float>(j - y);
    for (std::size_t i = 0; i < along.size(); i += lanes) {
      const Float8 dx = ramp() + (start + static_cast<float>(i));
      const Float8 weight = across_weight * load(along.weights() + i);
      const Float8 weighted = weight * weight * load(variance + i);
      total_x += weighted * dx * dx;
      total_y += weighted * (dy * dy);
    }
  }
  noise_x = sum(total_x);
  noise_y = sum(total_y);
}

}  // namespace

WindowedCentroid windowed_centroid(const SourceStamp& stamp, double x, double y, double sigma_px) {
  WindowedCentroid result;
  result.x = x;
  result.y = y;
  const auto reach = static_cast<std::int32_t>(std::ceil(window_reach_sigmas * sigma_px));
  Window along(sigma_px, static_cast<std::int32_t>(std::lround(x)), reach, stamp.width);
  Window across(sigma_px, static_cast<std::int32_t>(std::lround(y)), reach, stamp.height);
  if (along.size() == 0 || across.size() == 0) return result;
  Moments moments;
  for (int step = 0; step < max_steps; ++step) {
    along.centre_on(result.x);
    across.centre_on(result.y);
    moments = weigh(stamp, along, across, result.x, result.y);
    if (!(moments.sum > 0.0)) return result;
    const double dx = 2.0 * moments.x / moments.sum;
    const double dy = 2.0 * moments.y / moments.sum;
    if (std::abs(result.x + dx - x) > 2.0 * sigma_px ||
        std::abs(result.y + dy - y) > 2.0 * sigma_px) {
      return result;
    }
    result.x += dx;
    result.y += dy;
    result.converged = dx * dx + dy * dy < tolerance_px * tolerance_px;
    if (result.converged) break;
  }
  double noise_x = 0.0;
  double noise_y = 0.0;
  add_noise(stamp, along, across, result.x, result.y, noise_x, noise_y);
  result.x_err = 2.0 * std::sqrt(noise_x) / moments.sum;
  result.y_err = 2.0 * std::sqrt(noise_y) / moments.sum;
  // 1 / s_seen^2 = 1 / s^2 + 1 / window^2 for a Gaussian source.
  const double seen = 0.5 * moments.square / moments.sum;
  const double inverse = seen > 0.0 ? 1.0 / seen - 1.0 / (sigma_px * sigma_px) : 0.0;
  if (inverse > 0.0) result.sigma_px = 1.0 / std::sqrt(inverse);
  return result;
}

}  // namespace polis
