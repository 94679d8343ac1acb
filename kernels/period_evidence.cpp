#include "kernels/period_evidence.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/periodogram.h"

namespace polis {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

/// Constant and trends, each brought to about -1..1, one column each; rows divided by their errors.
Matrix trend_columns(const CurveView& curve) {
  const auto n = static_cast<Eigen::Index>(curve.size());
  Matrix columns(n, static_cast<Eigen::Index>(1 + curve.trends.size()));
  columns.col(0).setOnes();
  for (std::size_t k = 0; k < curve.trends.size(); ++k) {
    const Eigen::Map<const Vector> trend(curve.trends[k].data(), n);
    const double middle = 0.5 * (trend.maxCoeff() + trend.minCoeff());
    const double half = 0.5 * (trend.maxCoeff() - trend.minCoeff());
    columns.col(static_cast<Eigen::Index>(k) + 1) =
        (trend.array() - middle) / (half > 0.0 ? half : 1.0);
  }
  const Eigen::Map<const Vector> errors(curve.errors.data(), n);
  return columns.array().colwise() / errors.array();
}

/// What a least-squares fit leaves, in units of the errors.
Vector residuals(const Matrix& columns, const Vector& values) {
  Eigen::ColPivHouseholderQR<Matrix> factor(columns);
  factor.setThreshold(1e-9);
  return values - columns * factor.solve(values);
}

Vector normed_fluxes(const CurveView& curve) {
  const auto n = static_cast<Eigen::Index>(curve.size());
  const Eigen::Map<const Vector> errors(curve.errors.data(), n), fluxes(curve.fluxes.data(), n);
  return fluxes.array() / errors.array();
}

}  // namespace

std::vector<double> without_trends(const CurveView& curve) {
  std::vector<double> left(curve.size());
  if (left.empty()) return left;
  const Vector rest = residuals(trend_columns(curve), normed_fluxes(curve));
  for (std::size_t i = 0; i < left.size(); ++i)
    left[i] = rest(static_cast<Eigen::Index>(i)) * curve.errors[i];
  return left;
}

PeriodEvidence weigh_period(const CurveView& curve, double period, double highest) {
  PeriodEvidence evidence;
  const auto n = static_cast<Eigen::Index>(curve.size());
  if (n < 5 || !(period > 0.0)) return evidence;
  const Vector values = normed_fluxes(curve);
  const Matrix trends = trend_columns(curve);
  Matrix all(n, trends.cols() + 2);
  all.leftCols(trends.cols()) = trends;
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const double turns = std::fmod(curve.times[k] / period, 1.0);
    all(i, trends.cols()) = std::cos(2.0 * std::numbers::pi * turns) / curve.errors[k];
    all(i, trends.cols() + 1) = std::sin(2.0 * std::numbers::pi * turns) / curve.errors[k];
  }
  const Vector flat = residuals(trends, values);
  const double before = flat.squaredNorm(), after = residuals(all, values).squaredNorm();
  if (!(before > 0.0)) return evidence;
  evidence.power = std::clamp(1.0 - after / before, 0.0, 1.0);
  std::vector<double> left(curve.size());
  for (std::size_t i = 0; i < left.size(); ++i)
    left[i] = flat(static_cast<Eigen::Index>(i)) * curve.errors[i];
  constexpr double kShareOfCycle = 0.25;
  const double red = red_noise_factor(curve.times, left, kShareOfCycle * period);
  evidence.effective_points =
      (static_cast<double>(n) - static_cast<double>(curve.trends.size())) / (red * red);
  evidence.false_alarm =
      false_alarm_probability(evidence.power, curve.times, highest, evidence.effective_points);
  return evidence;
}

}  // namespace polis
