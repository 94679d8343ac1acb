#include "kernels/distortion_fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace polis {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

constexpr int kMostOrder = 5;
constexpr int kRadial = 1;  // number of the radial term's group; that of other terms: their degree
constexpr std::size_t kMostTerms = (kMostOrder + 1) * (kMostOrder + 2) / 2;

/// Widths of the priors before the data speak, as shares of the half size: radial, then degree 2 to
/// 5; and the least to which the data may narrow them. [half size]
constexpr std::array<double, kMostOrder + 1> kWidth{0.0, 4e-3, 1e-3, 1e-3, 2.5e-4, 2.5e-4};
constexpr double kLeastWidth = 1e-5;
constexpr double kMostWidth = 4.0;  // times the first: worse cameras need stars to prove it

std::size_t terms_of(int order) { return static_cast<std::size_t>((order + 1) * (order + 2) / 2); }

/// s^p t^q for all p + q <= order, in order of p + q, then p.
void fill_terms(int order, double s, double t, std::array<double, kMostTerms>& terms) {
  terms[0] = 1.0;
  std::size_t k = 1;
  for (int n = 1; n <= order; ++n) {
    const std::size_t previous = k - static_cast<std::size_t>(n);
    for (int i = 0; i < n; ++i)
      terms.at(k++) = terms.at(previous + static_cast<std::size_t>(i)) * t;
    terms.at(k++) = terms.at(previous + static_cast<std::size_t>(n) - 1) * s;
  }
}

/// The parameters: for each polynomial term one along x and one along y, by degree; then, from the
/// third order on, the radial term.
struct Basis {
  int order = 1;
  Eigen::Index size() const {
    return static_cast<Eigen::Index>(2 * terms_of(order)) + (order >= 3 ? 1 : 0);
  }
  std::vector<int> groups() const {
    std::vector<int> result{0, 0};
    for (int n = 1; n <= order; ++n)
      for (int i = 0; i < 2 * (n + 1); ++i) result.push_back(n == 1 ? 0 : n);
    if (order >= 3) result.push_back(kRadial);
    return result;
  }
  /// Rows of the two axes.
  void fill(double s, double t, Eigen::Ref<Vector> along_x, Eigen::Ref<Vector> along_y) const {
    std::array<double, kMostTerms> terms;
    fill_terms(order, s, t, terms);
    along_x.setZero();
    along_y.setZero();
    for (std::size_t k = 0; k < terms_of(order); ++k) {
      along_x(static_cast<Eigen::Index>(2 * k)) = terms.at(k);
      along_y(static_cast<Eigen::Index>(2 * k + 1)) = terms.at(k);
    }
    if (order < 3) return;
    along_x(size() - 1) = s * (s * s + t * t);
    along_y(size() - 1) = t * (s * s + t * t);
  }
};

/// Normal equations of the weighted pairs.
struct Normal {
  Matrix matrix;
  Vector right;
  double square = 0.0;  // of the weighted data
};

/// What the parameters are, given widths of the priors.
struct Posterior {
  Vector mean;
  Matrix covariance;
  double log_determinant = 0.0;  // of the inverse covariance
  bool ok = false;
};

class Fitter {
 public:
  Fitter(std::span<const PlanePoint> from, std::span<const PlanePoint> to,
         std::span<const double> weight, const DistortionSettings& settings)
      : settings_(settings), from_(from), to_(to) {
    const auto n = static_cast<Eigen::Index>(from.size());
    full_ = Vector::Zero(n);
    usable_ = 0;
    for (Eigen::Index i = 0; i < n; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const bool ok = weight[k] > 0.0 && std::isfinite(weight[k]) &&
                      std::isfinite(from[k].x + from[k].y + to[k].x + to[k].y);
      if (!ok) continue;
      full_(i) = weight[k];
      ++usable_;
    }
    // Below this number of pairs nothing speaks for or against a distortion.
    constexpr std::size_t kFewest = 6;
    basis_.order = usable_ < kFewest ? 1 : std::clamp(settings.most_order, 1, kMostOrder);
    make_rows();
    for (std::size_t g = 0; g < width2_.size(); ++g)
      width2_.at(g) = std::pow(kWidth.at(g) * settings.scale, 2);
  }

  bool run(DistortionFit& fit) {
    if (usable_ < 3 || !reject()) return false;
    choose_order();
    const Normal normal = cut(normal_, basis_);
    // The residuals may show more noise than their median did, and then the parameters as well.
    for (int i = 0; i < 2; ++i) {
      const Posterior posterior = solve(normal, basis_);
      if (!posterior.ok) return false;
      report(posterior, fit);
      noise2_ = std::max(1.0, fit.freedom > 0.0 ? fit.chi2 / fit.freedom : 1.0);
    }
    return true;
  }

 private:
  void make_rows() {
    const auto n = static_cast<Eigen::Index>(from_.size());
    along_x_ = Matrix::Zero(basis_.size(), n);
    along_y_ = Matrix::Zero(basis_.size(), n);
    data_ = Matrix::Zero(2, n);
    for (Eigen::Index i = 0; i < n; ++i) {
      if (!(full_(i) > 0.0)) continue;
      const PlanePoint p = from_[static_cast<std::size_t>(i)], q = to_[static_cast<std::size_t>(i)];
      basis_.fill((p.x - settings_.centre.x) / settings_.scale,
                  (p.y - settings_.centre.y) / settings_.scale, along_x_.col(i), along_y_.col(i));
      data_.col(i) << q.x - p.x, q.y - p.y;
    }
  }

  Normal normal_of(const Vector& weight) const {
    Normal normal;
    const Matrix x = along_x_.array().rowwise() * weight.transpose().array();
    const Matrix y = along_y_.array().rowwise() * weight.transpose().array();
    normal.matrix = x * along_x_.transpose() + y * along_y_.transpose();
    normal.right = x * data_.row(0).transpose() + y * data_.row(1).transpose();
    normal.square = (data_.colwise().squaredNorm() * weight.asDiagonal()).sum();
    return normal;
  }

  /// The equations of a lower order: its terms come first, the radial one last.
  Normal cut(const Normal& all, const Basis& basis) const {
    std::vector<Eigen::Index> kept;
    const auto terms = static_cast<Eigen::Index>(2 * terms_of(basis.order));
    for (Eigen::Index k = 0; k < terms; ++k) kept.push_back(k);
    if (basis.order >= 3) kept.push_back(all.right.size() - 1);
    return {all.matrix(kept, kept), all.right(kept), all.square};
  }

  Posterior solve(const Normal& normal, const Basis& basis) const {
    Posterior posterior;
    Matrix inverse = normal.matrix / noise2_;
    const std::vector<int> groups = basis.groups();
    for (std::size_t k = 0; k < groups.size(); ++k) {
      if (groups[k] > 0)
        inverse(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(k)) +=
            1.0 / width2_.at(static_cast<std::size_t>(groups[k]));
    }
    // Parameters differ by orders of magnitude in what is known of them.
    const Vector size = inverse.diagonal().cwiseSqrt().cwiseMax(1e-150);
    const Matrix scaled =
        size.cwiseInverse().asDiagonal() * inverse * size.cwiseInverse().asDiagonal();
    const Eigen::LDLT<Matrix> factor(scaled);
    const Vector pivots = factor.vectorD();
    if (factor.info() != Eigen::Success || !(pivots.minCoeff() > 1e-11)) return posterior;
    const Vector right = size.cwiseInverse().asDiagonal() * normal.right / noise2_;
    posterior.mean = size.cwiseInverse().asDiagonal() * factor.solve(right);
    posterior.covariance = size.cwiseInverse().asDiagonal() *
                           factor.solve(Matrix::Identity(scaled.rows(), scaled.cols())) *
                           size.cwiseInverse().asDiagonal();
    posterior.log_determinant = pivots.array().log().sum() + 2.0 * size.array().log().sum();
    posterior.ok = true;
    return posterior;
  }

  /// New widths of the priors: the mean square of what the parameters may be.
  void learn(const Posterior& posterior, const Basis& basis) {
    std::array<double, kMostOrder + 1> sum{}, count{};
    const std::vector<int> groups = basis.groups();
    for (std::size_t k = 0; k < groups.size(); ++k) {
      const auto i = static_cast<Eigen::Index>(k);
      const auto g = static_cast<std::size_t>(groups[k]);
      sum.at(g) += posterior.mean(i) * posterior.mean(i) + posterior.covariance(i, i);
      count.at(g) += 1.0;
    }
    const double least = std::pow(kLeastWidth * settings_.scale, 2);
    for (std::size_t g = 1; g < sum.size(); ++g) {
      if (count.at(g) == 0.0) continue;
      const double most = std::pow(kMostWidth * kWidth.at(g) * settings_.scale, 2);
      width2_.at(g) = std::min(most, (sum.at(g) + least) / (count.at(g) + 1.0));
    }
  }

  double log_evidence(const Normal& normal, const Posterior& posterior, const Basis& basis) const {
    double value = -0.5 * (normal.square / noise2_ - normal.right.dot(posterior.mean) / noise2_) -
                   0.5 * posterior.log_determinant;
    for (const int group : basis.groups())
      if (group > 0) value -= 0.5 * std::log(width2_.at(static_cast<std::size_t>(group)));
    return value;
  }

  Vector distances(const Vector& mean) const {
    const Eigen::RowVectorXd dx = data_.row(0) - mean.transpose() * along_x_;
    const Eigen::RowVectorXd dy = data_.row(1) - mean.transpose() * along_y_;
    return (dx.array().square() + dy.array().square()).sqrt().transpose() * full_.array().sqrt();
  }

  static double median_of(std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  }

  /// Weights, noise and widths of the priors in turn, until the set of pairs no longer changes.
  bool reject() {
    constexpr int kSoftRounds = 6, kRounds = 18, kLearning = 3;
    current_ = full_;
    for (int round = 0; round < kRounds; ++round) {
      normal_ = normal_of(current_);
      Posterior posterior;
      for (int i = 0; i < kLearning; ++i) {
        posterior = solve(normal_, basis_);
        if (!posterior.ok) return false;
        learn(posterior, basis_);
      }
      const Vector distance = distances(posterior.mean);
      std::vector<double> normed;
      for (Eigen::Index i = 0; i < distance.size(); ++i)
        if (current_(i) > 0.0) normed.push_back(distance(i));
      if (normed.size() < 3) return false;
      // The median of a Rayleigh distribution is 1.17741 sigma.
      const double sigma = std::max(1.0, median_of(normed) / 1.17741);
      noise2_ = sigma * sigma;
      if (round < kSoftRounds) {
        current_ = full_.array() / (1.0 + (distance.array() / (2.0 * sigma)).square());
        continue;
      }
      const Vector next = (distance.array() <= settings_.clip_sigma * sigma).select(full_, 0.0);
      if (next == current_) return true;
      current_ = next;
    }
    normal_ = normal_of(current_);
    return true;
  }

  /// The least order whose evidence, with widths of its own, is not e times below the best.
  void choose_order() {
    constexpr double kClearly = 1.0;
    constexpr int kLearning = 40;
    std::vector<double> evidence;
    std::vector<std::array<double, kMostOrder + 1>> widths;
    const auto learnt = width2_;
    for (Basis basis{1}; basis.order <= basis_.order; ++basis.order) {
      width2_ = learnt;
      const Normal normal = cut(normal_, basis);
      Posterior posterior = solve(normal, basis);
      double before = -std::numeric_limits<double>::infinity();
      for (int i = 0; i < kLearning && posterior.ok && basis.order > 1; ++i) {
        learn(posterior, basis);
        posterior = solve(normal, basis);
        const double now = log_evidence(normal, posterior, basis);
        constexpr double kNoMore = 0.01;
        if (now - before < kNoMore) break;
        before = now;
      }
      evidence.push_back(posterior.ok ? log_evidence(normal, posterior, basis)
                                      : -std::numeric_limits<double>::infinity());
      widths.push_back(width2_);
    }
    const double best = *std::max_element(evidence.begin(), evidence.end());
    std::size_t choice = 0;
    while (evidence[choice] < best - kClearly) ++choice;
    basis_.order = static_cast<int>(choice) + 1;
    width2_ = widths[choice];
  }

  void report(const Posterior& posterior, DistortionFit& fit) {
    fit.order = basis_.order;
    fit.centre = settings_.centre;
    fit.scale = settings_.scale;
    fit.noise2 = noise2_;
    const std::size_t terms = terms_of(fit.order);
    fit.x.assign(terms, 0.0);
    fit.y.assign(terms, 0.0);
    for (std::size_t k = 0; k < terms; ++k) {
      fit.x[k] = posterior.mean(static_cast<Eigen::Index>(2 * k));
      fit.y[k] = posterior.mean(static_cast<Eigen::Index>(2 * k + 1));
    }
    if (fit.order >= 3) {
      const double radial = posterior.mean(basis_.size() - 1);
      constexpr std::size_t kFirst = 6;  // of the third-order terms: t^3, s t^2, s^2 t, s^3
      fit.y[kFirst] += radial;
      fit.x[kFirst + 1] += radial;
      fit.y[kFirst + 2] += radial;
      fit.x[kFirst + 3] += radial;
    }
    fit.covariance.assign(posterior.covariance.data(),
                          posterior.covariance.data() + posterior.covariance.size());
    count_parameters(posterior, fit);
    summarise(fit);
  }

  /// What the data determine of each parameter: 1 less the share that its prior holds.
  void count_parameters(const Posterior& posterior, DistortionFit& fit) const {
    const std::vector<int> groups = basis_.groups();
    fit.freedom = 0.0;
    for (std::size_t k = 0; k < groups.size(); ++k) {
      const auto i = static_cast<Eigen::Index>(k);
      const double held = groups[k] > 0 ? posterior.covariance(i, i) /
                                              width2_.at(static_cast<std::size_t>(groups[k]))
                                        : 0.0;
      fit.freedom -= 1.0 - std::min(1.0, held);
    }
  }

  void summarise(DistortionFit& fit) const {
    fit.used.assign(from_.size(), 0);
    fit.stars = 0;
    fit.chi2 = fit.rms = 0.0;
    for (std::size_t i = 0; i < from_.size(); ++i) {
      const double weight = current_(static_cast<Eigen::Index>(i));
      if (!(weight > 0.0)) continue;
      fit.used[i] = 1;
      ++fit.stars;
      const PlanePoint model = fit(from_[i]);
      const double square = std::pow(to_[i].x - model.x, 2) + std::pow(to_[i].y - model.y, 2);
      fit.rms += square;
      fit.chi2 += weight * square;
    }
    fit.freedom += 2.0 * static_cast<double>(fit.stars);
    if (fit.stars > 0) fit.rms = std::sqrt(0.5 * fit.rms / static_cast<double>(fit.stars));
  }

  DistortionSettings settings_;
  std::span<const PlanePoint> from_, to_;
  std::size_t usable_ = 0;
  Basis basis_;
  Matrix along_x_, along_y_, data_;  // parameters x pairs; axes x pairs
  Vector full_, current_;            // weights: as given, and in use
  double noise2_ = 1.0;              // of the weights' own
  std::array<double, kMostOrder + 1> width2_{};
  Normal normal_;
};

}  // namespace

PlanePoint DistortionFit::operator()(PlanePoint p) const {
  std::array<double, kMostTerms> terms;
  fill_terms(order, (p.x - centre.x) / scale, (p.y - centre.y) / scale, terms);
  PlanePoint sum = p;
  for (std::size_t k = 0; k < x.size(); ++k) {
    sum.x += x[k] * terms.at(k);
    sum.y += y[k] * terms.at(k);
  }
  return sum;
}

double DistortionFit::variance(PlanePoint p) const {
  const Basis basis{order};
  const Eigen::Index size = basis.size();
  if (static_cast<Eigen::Index>(covariance.size()) != size * size) return 0.0;
  const Eigen::Map<const Matrix> matrix(covariance.data(), size, size);
  Vector along_x(size), along_y(size);
  basis.fill((p.x - centre.x) / scale, (p.y - centre.y) / scale, along_x, along_y);
  return 0.5 * (along_x.dot(matrix * along_x) + along_y.dot(matrix * along_y));
}

bool fit_distortion(std::span<const PlanePoint> from, std::span<const PlanePoint> to,
                    std::span<const double> weight, const DistortionSettings& settings,
                    DistortionFit& fit) {
  fit = {};
  const std::size_t n = std::min({from.size(), to.size(), weight.size()});
  return Fitter(from.first(n), to.first(n), weight.first(n), settings).run(fit);
}

}  // namespace polis
