#include "kernels/linear_fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace polis {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr int kSoftRounds = 8;
constexpr int kHardRounds = 20;

struct System {
  Matrix rows;
  Eigen::VectorXd target;
  Eigen::VectorXd error;   // 0: never used
  Eigen::VectorXd weight;  // of the present round
};

bool solve(const System& system, LinearFit& fit) {
  const Eigen::Index terms = system.rows.cols();
  const Matrix weighted = system.rows.array().colwise() * system.weight.array();
  const Eigen::MatrixXd normal = weighted.transpose() * system.rows;
  // Terms may differ by orders of magnitude: pivots are judged after scaling to a unit diagonal.
  const Eigen::VectorXd scale = normal.diagonal().cwiseSqrt();
  if (!(scale.minCoeff() > 0.0)) return false;
  const Eigen::MatrixXd scaled =
      scale.cwiseInverse().asDiagonal() * normal * scale.cwiseInverse().asDiagonal();
  const Eigen::LDLT<Eigen::MatrixXd> factor(scaled);
  if (factor.info() != Eigen::Success || !(factor.vectorD().minCoeff() > 1e-10)) return false;
  const Eigen::VectorXd right =
      scale.cwiseInverse().asDiagonal() * (weighted.transpose() * system.target);
  const Eigen::VectorXd solution = scale.cwiseInverse().asDiagonal() * factor.solve(right);
  const Eigen::MatrixXd inverse = factor.solve(Eigen::MatrixXd::Identity(terms, terms));
  const Eigen::MatrixXd covariance =
      scale.cwiseInverse().asDiagonal() * inverse * scale.cwiseInverse().asDiagonal();
  fit.coefficients.assign(solution.data(), solution.data() + terms);
  fit.covariance.assign(covariance.data(), covariance.data() + terms * terms);
  return true;
}

Eigen::VectorXd residuals(const System& system, const LinearFit& fit) {
  const Eigen::Map<const Eigen::VectorXd> c(fit.coefficients.data(), system.rows.cols());
  return system.target - system.rows * c;
}

double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Smallest extra scatter, at least `least`, at which the falling function `excess` is at most 1.
template <class Excess>
double scatter_for(Excess&& excess, double least) {
  if (excess(least) <= 1.0) return least;
  double low = least;
  double high = std::max(1e-3, 2.0 * least);
  while (excess(high) > 1.0 && high < 1e3) high *= 2.0;
  for (int i = 0; i < 25; ++i) {
    const double middle = 0.5 * (low + high);
    (excess(middle) > 1.0 ? low : high) = middle;
  }
  return high;
}

/// Extra scatter that makes the median residual that of a Gaussian: outliers hardly count.
double robust_extra(const System& system, const Eigen::VectorXd& residual, double least) {
  std::vector<double> normed;
  return scatter_for(
      [&](double extra) {
        normed.clear();
        for (Eigen::Index i = 0; i < residual.size(); ++i) {
          if (system.weight(i) > 0.0)
            normed.push_back(std::abs(residual(i)) / std::hypot(system.error(i), extra));
        }
        return normed.empty() ? 0.0 : median_of(normed) / 0.67449;
      },
      least);
}

/// Extra scatter that brings chi2 of the kept rows to the degrees of freedom: less noisy, once
/// outliers are out.
double exact_extra(const System& system, const Eigen::VectorXd& residual, double least) {
  const double freedom =
      static_cast<double>((system.weight.array() > 0.0).count() - system.rows.cols());
  return scatter_for(
      [&](double extra) {
        double chi2 = 0.0;
        for (Eigen::Index i = 0; i < residual.size(); ++i) {
          if (!(system.weight(i) > 0.0)) continue;
          chi2 += residual(i) * residual(i) / (system.error(i) * system.error(i) + extra * extra);
        }
        return freedom > 0.0 ? chi2 / freedom : 0.0;
      },
      least);
}

/// Weights of the next round; true if the set of rows in use changed.
bool reweight(System& system, const Eigen::VectorXd& residual, double extra, bool soft,
              const LinearFitSettings& settings) {
  bool changed = false;
  for (Eigen::Index i = 0; i < residual.size(); ++i) {
    if (!(system.error(i) > 0.0)) continue;
    const double sigma = std::hypot(system.error(i), extra);
    double off = residual(i) / sigma;
    if (settings.only_below && off > 0.0) off = 0.0;
    const double full = 1.0 / (sigma * sigma);
    double weight = std::abs(off) <= settings.clip_sigma ? full : 0.0;
    if (soft) weight = full / (1.0 + 0.25 * off * off);
    changed |= (weight > 0.0) != (system.weight(i) > 0.0);
    system.weight(i) = weight;
  }
  return changed;
}

void summarise(const System& system, LinearFit& fit) {
  const Eigen::VectorXd residual = residuals(system, fit);
  fit.used.assign(static_cast<std::size_t>(residual.size()), 0);
  fit.kept = 0;
  fit.rms = 0.0;
  for (Eigen::Index i = 0; i < residual.size(); ++i) {
    if (!(system.weight(i) > 0.0)) continue;
    fit.used[static_cast<std::size_t>(i)] = 1;
    ++fit.kept;
    fit.rms += residual(i) * residual(i);
  }
  if (fit.kept > 0) fit.rms = std::sqrt(fit.rms / static_cast<double>(fit.kept));
}

/// The last solution: chosen rows, weights with the exact extra scatter.
bool finish(System& system, const LinearFitSettings& settings, LinearFit& fit) {
  const auto chosen = (system.weight.array() > 0.0).count();
  if (chosen < system.rows.cols() || !solve(system, fit)) return false;
  fit.extra_sigma = exact_extra(system, residuals(system, fit), settings.least_extra_sigma);
  const double extra2 = fit.extra_sigma * fit.extra_sigma;
  for (Eigen::Index i = 0; i < system.weight.size(); ++i) {
    if (system.weight(i) > 0.0)
      system.weight(i) = 1.0 / (system.error(i) * system.error(i) + extra2);
  }
  if (!solve(system, fit)) return false;
  summarise(system, fit);
  return true;
}

}  // namespace

double LinearFit::error(std::size_t k) const {
  return std::sqrt(covariance[k * (coefficients.size() + 1)]);
}

bool fit_linear(std::span<const double> rows, std::size_t terms, std::span<const double> target,
                std::span<const double> error, const LinearFitSettings& settings, LinearFit& fit) {
  fit = {};
  const std::size_t count =
      std::min({target.size(), error.size(), terms > 0 ? rows.size() / terms : 0});
  if (count < terms || terms == 0) return false;
  const auto n = static_cast<Eigen::Index>(count);
  System system{Eigen::Map<const Matrix>(rows.data(), n, static_cast<Eigen::Index>(terms)),
                Eigen::VectorXd(n), Eigen::VectorXd(n), Eigen::VectorXd(n)};
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const bool ok = error[k] > 0.0 && std::isfinite(error[k]) && std::isfinite(target[k]) &&
                    system.rows.row(i).allFinite();
    if (!ok) system.rows.row(i).setZero();
    system.target(i) = ok ? target[k] : 0.0;
    system.error(i) = ok ? error[k] : 0.0;
    system.weight(i) =
        ok ? 1.0 : 0.0;  // the first round takes all alike: errors may be far too small
  }
  for (int round = 0; round < kSoftRounds + kHardRounds; ++round) {
    if (static_cast<std::size_t>((system.weight.array() > 0.0).count()) < terms ||
        !solve(system, fit))
      return false;
    const Eigen::VectorXd residual = residuals(system, fit);
    fit.extra_sigma = robust_extra(system, residual, settings.least_extra_sigma);
    const bool soft = round < kSoftRounds;
    if (!reweight(system, residual, fit.extra_sigma, soft, settings) && round > kSoftRounds + 1)
      break;
  }
  return finish(system, settings, fit);
}

}  // namespace polis
