#include "kernels/running_median.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace polis {

std::vector<double> running_median(std::span<const double> values, std::size_t half_width) {
  std::vector<double> result(values.size(), std::numeric_limits<double>::quiet_NaN());
  std::vector<double> window;
  for (std::size_t i = 0; i < values.size(); ++i) {
    window.clear();
    const std::size_t first = i > half_width ? i - half_width : 0;
    const std::size_t last = std::min(values.size() - 1, i + half_width);
    for (std::size_t k = first; k <= last; ++k) {
      if (std::isfinite(values[k])) window.push_back(values[k]);
    }
    if (window.empty()) continue;
    const auto middle = window.begin() + static_cast<std::ptrdiff_t>(window.size() / 2);
    std::nth_element(window.begin(), middle, window.end());
    result[i] = *middle;
    if (window.size() % 2 == 0)
      result[i] = 0.5 * (result[i] + *std::max_element(window.begin(), middle));
  }
  return result;
}

}  // namespace polis
