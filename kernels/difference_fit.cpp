#include "kernels/difference_fit.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

constexpr int kIterations = 4;
constexpr double kClip = 3.5;
constexpr double kLeastSpread = 0.08;  // of the reduced chi2: its own noise in a window
constexpr double kLeastWindowPart =
    0.5;  // a star with fewer usable pixels in its window is not used
constexpr int kStarsPerSkyTerm = 3;
constexpr double kRidge = 1e-7;          // against rounding of the sums
constexpr double kNoiseHold = 3.0;       // in scatter of the sums of noise
constexpr double kPriorOfShape = 0.3;    // 1 sigma of a function's part, relative to the flux ratio
constexpr double kPriorOfChange = 0.02;  // and of its change over the field

/// Products of everything that a window can tell, weighted: rows 0..basis-1 the functions, then the
/// constant sky, then the broad frame.
struct WindowSums {
  Eigen::MatrixXd gram;
  double pixels = 0.0;
  double sharp_noise = 0.0;
};

WindowSums sum_window(const MatchWindow& window, const KernelBasis& basis) {
  const std::ptrdiff_t pixels = window.weight.size();
  WindowSums sums;
  if (static_cast<double>(window.used) < kLeastWindowPart * static_cast<double>(pixels)) {
    return sums;
  }
  const auto functions = static_cast<std::ptrdiff_t>(basis.size());
  Plane<float> rows(pixels, functions + 2);
  correlate_basis(basis, window.sharp.view(), rows.view().cut(0, 0, pixels, functions));
  std::fill_n(rows.view().row(functions), pixels, 1.0F);
  std::copy_n(window.broad.data(), pixels, rows.view().row(functions + 1));
  for (std::ptrdiff_t r = 0; r < rows.height(); ++r) {
    for (std::ptrdiff_t p = 0; p < pixels; ++p) {
      rows(p, r) *= std::sqrt(window.weight.data()[p]);
    }
  }
  const Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> all(
      rows.data(), rows.height(), pixels);
  Eigen::MatrixXf gram = Eigen::MatrixXf::Zero(rows.height(), rows.height());
  gram.selfadjointView<Eigen::Lower>().rankUpdate(all);
  gram.triangularView<Eigen::StrictlyUpper>() = gram.transpose();
  sums.gram = gram.cast<double>();
  sums.pixels = static_cast<double>(window.used);
  sums.sharp_noise = window.sharp_noise;
  return sums;
}

/// The unknowns: for each function its polynomial, then the polynomial of the sky.
struct Unknowns {
  std::ptrdiff_t functions, shape_terms, sky_terms;
  std::ptrdiff_t count() const { return functions * shape_terms + sky_terms; }
  /// Row of the window sums and power of the field of unknown k.
  std::ptrdiff_t sky() const { return functions * shape_terms; }
};

class Solver {
 public:
  Solver(const std::vector<WindowSums>& sums, const std::vector<MatchStar>& stars,
         const MatchingKernel& frame, const KernelBasis& basis)
      : sums_(sums),
        unknowns_{static_cast<std::ptrdiff_t>(basis.size()),
                  static_cast<std::ptrdiff_t>(frame.shape.term_count()),
                  static_cast<std::ptrdiff_t>(frame.sky.term_count())} {
    for (const MatchStar& star : stars) {
      Eigen::VectorXd& shape = shape_.emplace_back(unknowns_.shape_terms);
      frame.shape.evaluate(static_cast<double>(star.x), static_cast<double>(star.y), shape.data());
      Eigen::VectorXd& sky = sky_.emplace_back(unknowns_.sky_terms);
      frame.sky.evaluate(static_cast<double>(star.x), static_cast<double>(star.y), sky.data());
    }
    overlap_.resize(unknowns_.functions, unknowns_.functions);
    for (std::ptrdiff_t a = 0; a < unknowns_.functions; ++a) {
      for (std::ptrdiff_t b = 0; b < unknowns_.functions; ++b) {
        overlap_(a, b) = basis.overlap(static_cast<std::size_t>(a), static_cast<std::size_t>(b));
      }
    }
  }

  bool solve(const std::vector<std::uint8_t>& used) {
    const std::ptrdiff_t count = unknowns_.count();
    Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(count, count);
    Eigen::VectorXd target = Eigen::VectorXd::Zero(count);
    for (std::size_t s = 0; s < sums_.size(); ++s) {
      if (used[s] != 0) add(s, normal, target);
    }
    add_prior(used, normal);
    if (!factorise(used, normal)) return false;
    solution_ = scale_.asDiagonal() * factors_.solve(scale_.asDiagonal() * target);
    return solution_.allFinite();
  }

  /// For each pair of polynomial terms what the fit's covariance leaves of a usual star, relative
  /// to its light.
  std::vector<double> covariance(const std::vector<std::uint8_t>& used) const {
    const std::ptrdiff_t terms = unknowns_.shape_terms;
    const std::ptrdiff_t functions = unknowns_.functions;
    Eigen::MatrixXd star = Eigen::MatrixXd::Zero(functions, functions);
    double light = 0.0;
    const Eigen::Map<const Eigen::MatrixXd> shape(solution_.data(), terms, functions);
    for (std::size_t s = 0; s < sums_.size(); ++s) {
      if (used[s] == 0) continue;
      const Eigen::MatrixXd gram = without_noise(s);
      const Eigen::VectorXd weights = shape.transpose() * shape_[s];
      star += gram;
      light += weights.dot(gram * weights);
    }
    const std::ptrdiff_t count = unknowns_.count();
    const Eigen::MatrixXd inverse =
        scale_.asDiagonal() * factors_.solve(Eigen::MatrixXd::Identity(count, functions * terms));
    std::vector<double> result(static_cast<std::size_t>(terms * terms), 0.0);
    for (std::ptrdiff_t a = 0; a < functions; ++a) {
      for (std::ptrdiff_t b = 0; b < functions; ++b) {
        for (std::ptrdiff_t t = 0; t < terms; ++t) {
          for (std::ptrdiff_t u = 0; u < terms; ++u) {
            const double value = inverse(a * terms + t, b * terms + u) * scale_(b * terms + u);
            result[static_cast<std::size_t>(t * terms + u)] +=
                value * star(a, b) / std::max(light, 1e-300);
          }
        }
      }
    }
    return result;
  }

  double chi2(std::size_t star) const {
    Eigen::VectorXd weights(unknowns_.functions + 2);
    const Eigen::Map<const Eigen::MatrixXd> shape(solution_.data(), unknowns_.shape_terms,
                                                  unknowns_.functions);
    weights.head(unknowns_.functions) = shape.transpose() * shape_[star];
    weights(unknowns_.functions) = solution_.tail(unknowns_.sky_terms).dot(sky_[star]);
    weights(unknowns_.functions + 1) = -1.0;
    return weights.dot(sums_[star].gram * weights) / sums_[star].pixels;
  }

  void store(const KernelBasis& basis, MatchingKernel& kernel) const {
    kernel.terms.clear();
    for (std::ptrdiff_t t = 0; t < unknowns_.shape_terms; ++t) {
      std::vector<double> weights;
      for (std::ptrdiff_t b = 0; b < unknowns_.functions; ++b) {
        weights.push_back(solution_(b * unknowns_.shape_terms + t));
      }
      kernel.terms.push_back(basis.combine(weights.data()));
    }
    kernel.sky_terms.assign(solution_.data() + unknowns_.sky(),
                            solution_.data() + unknowns_.count());
  }

 private:
  /// The functions' sums of a star without what the noise of the sharp frame adds to them.
  Eigen::MatrixXd without_noise(std::size_t s) const {
    return sums_[s].gram.topLeftCorner(unknowns_.functions, unknowns_.functions) -
           sums_[s].sharp_noise * overlap_;
  }

  /// Without noise the sums are not positive definite where stars say nothing: what is left is the
  /// scatter of the noise's own sums, by which such directions are held.
  bool factorise(const std::vector<std::uint8_t>& used, const Eigen::MatrixXd& normal) {
    double square = 0.0;
    for (std::size_t s = 0; s < sums_.size(); ++s) {
      if (used[s] != 0) square += 2.0 * std::pow(sums_[s].sharp_noise, 2) / sums_[s].pixels;
    }
    const std::ptrdiff_t terms = unknowns_.shape_terms;
    double hold = kNoiseHold * std::sqrt(square);
    for (int attempt = 0; attempt < 12; ++attempt, hold *= 2.0) {
      Eigen::MatrixXd held = normal;
      for (std::ptrdiff_t a = 0; a < unknowns_.functions; ++a) {
        for (std::ptrdiff_t b = 0; b <= a; ++b) {
          held.block(a * terms, b * terms, terms, terms).diagonal().array() +=
              hold * overlap_(a, b);
        }
      }
      scale_ = held.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
      held = scale_.asDiagonal() * held * scale_.asDiagonal();
      factors_.compute(held);
      if (factors_.info() == Eigen::Success) return true;
    }
    return false;
  }

  void add_prior(const std::vector<std::uint8_t>& used, Eigen::MatrixXd& normal) const {
    // The flux ratio as the first Gaussian alone would have it.
    double product = 0.0;
    double square = 0.0;
    for (std::size_t s = 0; s < sums_.size(); ++s) {
      if (used[s] == 0) continue;
      product += sums_[s].gram(unknowns_.functions + 1, 0);
      square += sums_[s].gram(0, 0);
    }
    const double ratio = std::max(std::abs(product) / std::max(square, 1e-300), 1e-6);
    for (std::ptrdiff_t k = 0; k < unknowns_.sky(); ++k) {
      const double sigma =
          ratio * (k % unknowns_.shape_terms == 0 ? kPriorOfShape : kPriorOfChange);
      normal(k, k) = normal(k, k) * (1.0 + kRidge) + 1.0 / (sigma * sigma);
    }
  }

  /// Adds one star: its sums times the products of its polynomial terms. Only the lower half.
  void add(std::size_t s, Eigen::MatrixXd& normal, Eigen::VectorXd& target) const {
    const Eigen::MatrixXd& gram = sums_[s].gram;
    const std::ptrdiff_t terms = unknowns_.shape_terms;
    const std::ptrdiff_t functions = unknowns_.functions;
    const Eigen::MatrixXd clean = without_noise(s);
    const Eigen::MatrixXd square = shape_[s] * shape_[s].transpose();
    for (std::ptrdiff_t a = 0; a < functions; ++a) {
      for (std::ptrdiff_t b = 0; b <= a; ++b) {
        normal.block(a * terms, b * terms, terms, terms) += clean(a, b) * square;
      }
      target.segment(a * terms, terms) += gram(functions + 1, a) * shape_[s];
      normal.block(unknowns_.sky(), a * terms, unknowns_.sky_terms, terms) +=
          gram(functions, a) * sky_[s] * shape_[s].transpose();
    }
    normal.bottomRightCorner(unknowns_.sky_terms, unknowns_.sky_terms) +=
        gram(functions, functions) * sky_[s] * sky_[s].transpose();
    target.tail(unknowns_.sky_terms) += gram(functions + 1, functions) * sky_[s];
  }

  const std::vector<WindowSums>& sums_;
  Unknowns unknowns_;
  std::vector<Eigen::VectorXd> shape_, sky_;
  Eigen::MatrixXd overlap_;
  Eigen::VectorXd solution_, scale_;
  Eigen::LLT<Eigen::MatrixXd> factors_;
};

/// Drops stars that stand out and takes back those that no longer do. True if anything changed.
bool reject(const std::vector<double>& chi2, std::vector<std::uint8_t>& used, double& median) {
  std::vector<float> kept;
  for (std::size_t s = 0; s < chi2.size(); ++s) {
    if (used[s] != 0) kept.push_back(static_cast<float>(chi2[s]));
  }
  std::vector<float> deviations = kept;
  median = static_cast<double>(median_in_place(kept));
  for (float& value : deviations) value = std::abs(value - static_cast<float>(median));
  const double spread = 1.4826 * static_cast<double>(median_in_place(deviations));
  const double limit = median + kClip * std::max(spread, kLeastSpread * median);
  bool changed = false;
  for (std::size_t s = 0; s < chi2.size(); ++s) {
    const std::uint8_t now = chi2[s] >= 0.0 && chi2[s] <= limit ? 1 : 0;
    changed |= now != used[s];
    used[s] = now;
  }
  return changed;
}

int sky_order(int wanted, std::ptrdiff_t stars) {
  int order = std::max(0, wanted);
  while (order > 0 && stars < kStarsPerSkyTerm * (order + 1) * (order + 2) / 2) --order;
  return order;
}

}  // namespace

double KernelFit::light_error(double x, double y) const {
  std::vector<double> terms(kernel.shape.term_count());
  kernel.shape.evaluate(x, y, terms.data());
  double sum = 0.0;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    for (std::size_t u = 0; u < terms.size(); ++u) {
      sum += terms[t] * terms[u] * covariance[t * terms.size() + u];
    }
  }
  return std::sqrt(std::max(0.0, sum));
}

KernelFit fit_matching_kernel(const MatchPair& pair, const std::vector<MatchStar>& stars,
                              const std::vector<MatchWindow>& windows, const KernelBasis& basis,
                              const DifferenceSettings& settings) {
  KernelFit fit;
  fit.used.assign(stars.size(), 0);
  std::vector<WindowSums> sums(stars.size());
  parallel_for(static_cast<std::ptrdiff_t>(stars.size()), [&](std::ptrdiff_t s) {
    const auto k = static_cast<std::size_t>(s);
    sums[k] = sum_window(windows[k], basis);
    fit.used[k] = sums[k].pixels > 0.0 && sums[k].gram.allFinite() ? 1 : 0;
  });
  const std::ptrdiff_t usable = std::count(fit.used.begin(), fit.used.end(), 1);
  if (usable == 0) return fit;
  MatchingKernel kernel;
  kernel.radius = pair.radius;
  kernel.level = pair.sharp_level;
  const View<const float>& image = pair.sharp.pixels;
  kernel.shape =
      FieldPolynomial::over(image.width, image.height, std::max(0, settings.kernel_order));
  kernel.sky = FieldPolynomial::over(image.width, image.height,
                                     sky_order(settings.background_order, usable));
  Solver solver(sums, stars, kernel, basis);
  std::vector<double> chi2(stars.size(), -1.0);
  for (int i = 0; i < kIterations; ++i) {
    if (!solver.solve(fit.used)) return fit;
    for (std::size_t s = 0; s < stars.size(); ++s) {
      if (sums[s].pixels > 0.0) chi2[s] = solver.chi2(s);
    }
    if (!reject(chi2, fit.used, fit.chi2)) break;
  }
  fit.stars_used = static_cast<int>(std::count(fit.used.begin(), fit.used.end(), 1));
  solver.store(basis, kernel);
  kernel.sky_terms[0] += pair.broad_level;
  fit.covariance = solver.covariance(fit.used);
  fit.kernel = std::move(kernel);
  return fit;
}

}  // namespace polis
