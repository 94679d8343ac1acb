#include "kernels/error_model.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace polis {
namespace {

constexpr double kPriorSigma = 0.5;  // of scale^2 about 1
constexpr double kSmallest = 0.3;    // relative residuals below this count in full

struct Squares {
  double formal, seen, freedom;
};

/// floor^2 >= 0 for the given scale^2: weighted mean of what is left over.
double floor_squared(const std::vector<Squares>& pairs, const std::vector<double>& weights,
                     double scale2) {
  double sum = 0.0, total = 0.0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    sum += weights[i] * (pairs[i].seen - scale2 * pairs[i].formal);
    total += weights[i];
  }
  return std::max(0.0, sum / total);
}

}  // namespace

ErrorModel fit_error_model(std::span<const double> formal, std::span<const double> seen,
                           std::span<const double> freedom) {
  std::vector<Squares> pairs;
  for (std::size_t i = 0; i < std::min({formal.size(), seen.size(), freedom.size()}); ++i) {
    // The median of a variance seen is below its mean (Wilson & Hilferty 1931, PNAS 17, 684).
    const double median = std::pow(std::max(0.1, 1.0 - 2.0 / (9.0 * freedom[i])), 3);
    const Squares p{formal[i] * formal[i], seen[i] * seen[i] / median, freedom[i]};
    if (std::isfinite(p.formal) && std::isfinite(p.seen) && p.formal > 0.0 && p.seen > 0.0 &&
        p.freedom > 0.0)
      pairs.push_back(p);
  }
  if (pairs.empty()) return {};
  constexpr std::size_t kStarsForScale = 5;
  constexpr double kSpread =
      2.0;  // of the formal variances, least over which a slope means something
  const auto [low, high] =
      std::minmax_element(pairs.begin(), pairs.end(),
                          [](const Squares& a, const Squares& b) { return a.formal < b.formal; });
  const bool fit_scale = pairs.size() >= kStarsForScale && high->formal > kSpread * low->formal;

  double scale2 = 1.0, floor2 = 0.0;
  std::vector<double> weights(pairs.size());
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    double sw = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const double model = scale2 * pairs[i].formal + floor2;
      // The variance of a variance seen is 2 model^2 / freedom. Least absolute residuals: the
      // typical star counts, not the mean of those that some trouble of their own makes noisier.
      const double relative = std::abs(pairs[i].seen / model - 1.0);
      weights[i] =
          kSmallest / std::max(relative, kSmallest) * 0.5 * pairs[i].freedom / (model * model);
      sw += weights[i];
      sx += weights[i] * pairs[i].formal;
      sy += weights[i] * pairs[i].seen;
      sxx += weights[i] * pairs[i].formal * pairs[i].formal;
      sxy += weights[i] * pairs[i].formal * pairs[i].seen;
    }
    if (fit_scale) {
      constexpr double prior = 1.0 / (kPriorSigma * kPriorSigma);
      sxx += prior;
      sxy += prior;
      const double determinant = sw * sxx - sx * sx;
      const double slope = determinant > 0.0 ? (sw * sxy - sx * sy) / determinant : 1.0;
      const bool no_floor = slope * sx > sy;  // the intercept would be negative
      scale2 = no_floor ? sxy / sxx : std::max(slope, 0.0);
    }
    floor2 = floor_squared(pairs, weights, scale2);
    if (scale2 <= 0.0 && floor2 <= 0.0) return {};
  }
  return {std::sqrt(scale2), std::sqrt(floor2)};
}

}  // namespace polis
