#include "kernels/dark_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace polis {

double dark_temperature_factor(double temperature_c, double reference_c, double doubling_c) {
  const double difference = temperature_c - reference_c;
  if (!std::isfinite(difference) || !(doubling_c > 0.0)) return 1.0;
  return std::exp2(difference / doubling_c);
}

double fit_dark_doubling(std::span<const double> temperature_c, std::span<const double> rate,
                         double min_span_c) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (rate.size() < 2 || rate.size() != temperature_c.size()) return kNone;
  const auto usable = [](double v) { return std::isfinite(v); };
  if (!std::all_of(temperature_c.begin(), temperature_c.end(), usable)) return kNone;
  if (!std::all_of(rate.begin(), rate.end(), [](double v) { return v > 0.0 && std::isfinite(v); }))
    return kNone;
  const auto [coldest, warmest] = std::minmax_element(temperature_c.begin(), temperature_c.end());
  if (*warmest - *coldest < min_span_c) return kNone;
  const double n = static_cast<double>(rate.size());
  double mean_t = 0.0;
  double mean_l = 0.0;
  for (std::size_t i = 0; i < rate.size(); ++i) {
    mean_t += temperature_c[i] / n;
    mean_l += std::log2(rate[i]) / n;
  }
  double tt = 0.0;
  double tl = 0.0;
  for (std::size_t i = 0; i < rate.size(); ++i) {
    tt += (temperature_c[i] - mean_t) * (temperature_c[i] - mean_t);
    tl += (temperature_c[i] - mean_t) * (std::log2(rate[i]) - mean_l);
  }
  return tl > 0.0 ? tt / tl : kNone;
}

}  // namespace polis
