#include "kernels/plane_fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>

namespace polis {
namespace {

constexpr int kMostOrder = 9;
using Terms = std::array<double, static_cast<std::size_t>((kMostOrder + 1) * (kMostOrder + 2) / 2)>;

/// s^p t^q for all p + q <= order, in order of p + q, then p.
void terms_at(const PlaneFit& fit, PlanePoint p, Terms& terms) {
  const double s = (p.x - fit.centre.x) / fit.scale;
  const double t = (p.y - fit.centre.y) / fit.scale;
  terms[0] = 1.0;
  std::size_t k = 1;
  for (int n = 1; n <= fit.order; ++n) {
    const std::size_t previous = k - static_cast<std::size_t>(n);  // first term of degree n - 1
    for (int i = 0; i < n; ++i)
      terms.at(k++) = terms.at(previous + static_cast<std::size_t>(i)) * t;
    terms.at(k++) = terms.at(previous + static_cast<std::size_t>(n) - 1) * s;
  }
}

bool is_usable(PlanePoint a, PlanePoint b, double weight) {
  return weight > 0.0 && std::isfinite(weight) && std::isfinite(a.x) && std::isfinite(a.y) &&
         std::isfinite(b.x) && std::isfinite(b.y);
}

void choose_scale(std::span<const PlanePoint> from, PlaneFit& fit) {
  PlanePoint low;
  PlanePoint high;
  bool first = true;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (fit.used[i] == 0) continue;
    if (first) low = high = from[i];
    first = false;
    low = {std::min(low.x, from[i].x), std::min(low.y, from[i].y)};
    high = {std::max(high.x, from[i].x), std::max(high.y, from[i].y)};
  }
  fit.centre = {0.5 * (low.x + high.x), 0.5 * (low.y + high.y)};
  fit.scale = std::max({0.5 * (high.x - low.x), 0.5 * (high.y - low.y), 1e-300});
}

/// The terms of all pairs, one row per pair.
Eigen::MatrixXd design(std::span<const PlanePoint> from, const PlaneFit& fit) {
  const auto count = static_cast<Eigen::Index>(plane_terms(fit.order));
  Eigen::MatrixXd rows(static_cast<Eigen::Index>(from.size()), count);
  Terms terms;
  for (std::size_t i = 0; i < from.size(); ++i) {
    terms_at(fit, from[i], terms);
    rows.row(static_cast<Eigen::Index>(i)) =
        Eigen::Map<const Eigen::RowVectorXd>(terms.data(), count);
  }
  return rows;
}

/// One weighted least-squares solution; pairs of weight 0 are left out.
bool solve(const Eigen::MatrixXd& rows, const Eigen::MatrixXd& targets,
           const Eigen::VectorXd& weight, PlaneFit& fit) {
  const Eigen::Index count = rows.cols();
  const Eigen::MatrixXd weighted = rows.array().colwise() * weight.array();
  const Eigen::MatrixXd normal = weighted.transpose() * rows;
  const Eigen::MatrixXd right = weighted.transpose() * targets;
  const Eigen::LDLT<Eigen::MatrixXd> factor(normal);
  const Eigen::VectorXd pivots = factor.vectorD();
  if (factor.info() != Eigen::Success || !(pivots.minCoeff() > 1e-13 * pivots.maxCoeff()))
    return false;
  const Eigen::MatrixXd solution = factor.solve(right);
  const Eigen::MatrixXd covariance = factor.solve(Eigen::MatrixXd::Identity(count, count));
  fit.x.assign(solution.col(0).data(), solution.col(0).data() + count);
  fit.y.assign(solution.col(1).data(), solution.col(1).data() + count);
  fit.covariance.assign(covariance.data(), covariance.data() + count * count);
  return true;
}

/// Length of each residual in units of its error.
Eigen::VectorXd normed_distances(const Eigen::MatrixXd& rows, const Eigen::MatrixXd& targets,
                                 const Eigen::VectorXd& weight, const PlaneFit& fit) {
  const Eigen::Map<const Eigen::VectorXd> x(fit.x.data(), rows.cols());
  const Eigen::Map<const Eigen::VectorXd> y(fit.y.data(), rows.cols());
  return ((targets.col(0) - rows * x).array().square() +
          (targets.col(1) - rows * y).array().square())
             .sqrt() *
         weight.array().sqrt();
}

double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void summarise(std::span<const PlanePoint> from, std::span<const PlanePoint> to,
               std::span<const double> weight, PlaneFit& fit) {
  fit.stars = 0;
  fit.chi2 = fit.rms_x = fit.rms_y = 0.0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (fit.used[i] == 0) continue;
    const PlanePoint model = fit(from[i]);
    const double dx = to[i].x - model.x;
    const double dy = to[i].y - model.y;
    ++fit.stars;
    fit.rms_x += dx * dx;
    fit.rms_y += dy * dy;
    fit.chi2 += weight[i] * (dx * dx + dy * dy);
  }
  if (fit.stars == 0) return;
  fit.rms_x = std::sqrt(fit.rms_x / static_cast<double>(fit.stars));
  fit.rms_y = std::sqrt(fit.rms_y / static_cast<double>(fit.stars));
}

/// Rejection in two stages: a few rounds in which far pairs count less and less (Cauchy weights),
/// so that a crowd of outliers cannot hide by pulling the fit; then clean cuts until the set of
/// pairs no longer changes.
bool reject_and_fit(std::span<const PlanePoint> from, std::span<const PlanePoint> to,
                    std::span<const double> weight, const PlaneFitSettings& settings,
                    PlaneFit& fit) {
  constexpr int kSoftRounds = 6;
  const auto n = static_cast<Eigen::Index>(from.size());
  const std::vector<std::uint8_t> usable = fit.used;
  Eigen::MatrixXd rows = design(from, fit);
  Eigen::MatrixXd targets(n, 2);
  Eigen::VectorXd full(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const bool ok = usable[k] != 0;
    if (!ok) rows.row(i).setZero();
    targets.row(i) << (ok ? to[k].x : 0.0), (ok ? to[k].y : 0.0);
    full(i) = ok ? weight[k] : 0.0;
  }
  Eigen::VectorXd current = full;
  for (int round = 0; round < kSoftRounds + std::max(settings.most_rounds, 1); ++round) {
    const auto kept = static_cast<std::size_t>((current.array() > 0.0).count());
    if (kept < plane_terms(fit.order) || !solve(rows, targets, current, fit)) return false;
    const Eigen::VectorXd distance = normed_distances(rows, targets, full, fit);
    std::vector<double> normed;
    for (Eigen::Index i = 0; i < n; ++i) {
      if (current(i) > 0.0) normed.push_back(distance(i));
    }
    // The median of a Rayleigh distribution is 1.17741 sigma.
    const double sigma = std::max(1.0, median_of(normed) / 1.17741);
    if (round < kSoftRounds) {
      current = full.array() / (1.0 + (distance.array() / (2.0 * sigma)).square());
      continue;
    }
    const Eigen::VectorXd next =
        (distance.array() <= settings.clip_sigma * sigma).select(full, 0.0);
    if (next == current) break;
    current = next;
  }
  for (Eigen::Index i = 0; i < n; ++i)
    fit.used[static_cast<std::size_t>(i)] = current(i) > 0.0 ? 1 : 0;
  summarise(from, to, weight, fit);
  return fit.stars >= plane_terms(fit.order);
}

}  // namespace

PlanePoint PlaneFit::operator()(PlanePoint p) const {
  Terms terms;
  terms_at(*this, p, terms);
  PlanePoint sum;
  for (std::size_t k = 0; k < x.size(); ++k) {
    sum.x += x[k] * terms.at(k);
    sum.y += y[k] * terms.at(k);
  }
  return sum;
}

double PlaneFit::variance(PlanePoint p) const {
  Terms terms;
  terms_at(*this, p, terms);
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t k = 0; k < x.size(); ++k)
      sum += terms.at(i) * covariance[i * x.size() + k] * terms.at(k);
  }
  return sum;
}

bool fit_plane(std::span<const PlanePoint> from, std::span<const PlanePoint> to,
               std::span<const double> weight, const PlaneFitSettings& settings, PlaneFit& fit) {
  fit = {};
  fit.order = std::clamp(settings.order, 0, kMostOrder);
  const std::size_t n = std::min({from.size(), to.size(), weight.size()});
  from = from.first(n);
  fit.used.assign(n, 0);
  for (std::size_t i = 0; i < n; ++i) fit.used[i] = is_usable(from[i], to[i], weight[i]) ? 1 : 0;
  if (settings.scale > 0.0) {
    fit.centre = settings.centre;
    fit.scale = settings.scale;
  } else {
    choose_scale(from, fit);
  }
  return reject_and_fit(from, to.first(n), weight.first(n), settings, fit);
}

}  // namespace polis
