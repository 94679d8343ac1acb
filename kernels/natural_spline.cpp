#include "kernels/natural_spline.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace polis {

void natural_spline_bend(std::span<const float> values, std::span<float> bend) {
  const std::size_t n = values.size();
  std::fill(bend.begin(), bend.end(), 0.0F);
  if (n < 3) return;
  // Thomas elimination of bend[i-1] + 4 bend[i] + bend[i+1] = 6 (values[i-1] - 2 values[i] +
  // values[i+1]).
  float pivot = 0.0F;
  std::vector<float> factor(n, 0.0F);
  for (std::size_t i = 1; i + 1 < n; ++i) {
    const float right = 6.0F * (values[i - 1] - 2.0F * values[i] + values[i + 1]);
    pivot = 1.0F / (4.0F - factor[i - 1]);
    factor[i] = pivot;
    bend[i] = (right - bend[i - 1]) * pivot;
  }
  for (std::size_t i = n - 2; i > 0; --i) bend[i] -= factor[i] * bend[i + 1];
}

SplinePlace spline_place(double knot, std::size_t knots) {
  if (knots < 2) return {};
  const double low = std::clamp(std::floor(knot), 0.0, static_cast<double>(knots - 2));
  return {static_cast<std::size_t>(low), static_cast<std::size_t>(low) + 1,
          static_cast<float>(knot - low)};
}

float spline_value(float low, float high, float low_bend, float high_bend, float part) {
  const float rest = 1.0F - part;
  if (part < 0.0F) return low + part * (high - low - (2.0F * low_bend + high_bend) / 6.0F);
  if (part > 1.0F) return high - rest * (high - low + (low_bend + 2.0F * high_bend) / 6.0F);
  return rest * low + part * high +
         ((rest * rest * rest - rest) * low_bend + (part * part * part - part) * high_bend) / 6.0F;
}

}  // namespace polis
