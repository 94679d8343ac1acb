#include "kernels/transit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace polis {
namespace {

constexpr int kNodes = 24;

struct Quadrature {
  std::array<double, kNodes> x{}, w{};  ///< on 0..1
};

/// Gauss-Legendre nodes by Newton's method on the Legendre polynomial.
Quadrature gauss_legendre() {
  Quadrature q;
  for (int i = 0; i < kNodes; ++i) {
    double x = std::cos(std::numbers::pi * (i + 0.75) / (kNodes + 0.5)), derivative = 1.0;
    for (int iteration = 0; iteration < 50; ++iteration) {
      double p0 = 1.0, p1 = x;
      for (int n = 2; n <= kNodes; ++n) {
        const double p2 = ((2 * n - 1) * x * p1 - (n - 1) * p0) / n;
        p0 = p1;
        p1 = p2;
      }
      derivative = kNodes * (x * p1 - p0) / (x * x - 1.0);
      x -= p1 / derivative;
    }
    const auto k = static_cast<std::size_t>(i);
    q.x[k] = 0.5 * (1.0 - x);
    q.w[k] = 1.0 / ((1.0 - x * x) * derivative * derivative);
  }
  return q;
}

double intensity(double r, const LimbDarkening& limb) {
  const double dark = 1.0 - std::sqrt(std::max(0.0, 1.0 - r * r));
  return 1.0 - limb.u1 * dark - limb.u2 * dark * dark;
}

/// Half the angle of the circle of radius r about the star's centre that the disc covers.
double half_angle(double r, double z, double k) {
  if (r + z <= k) return std::numbers::pi;
  const double cosine = (r * r + z * z - k * k) / (2.0 * r * z);
  return std::acos(std::clamp(cosine, -1.0, 1.0));
}

/// Integral over low..high; sin^2 takes the square-root ends off the integrand.
double hidden_light(double low, double high, double z, double k, const LimbDarkening& limb) {
  static const Quadrature quadrature = gauss_legendre();
  double sum = 0.0;
  for (std::size_t i = 0; i < kNodes; ++i) {
    const double angle = 0.5 * std::numbers::pi * quadrature.x[i];
    const double s = std::sin(angle);
    const double r = low + (high - low) * s * s;
    const double dr = (high - low) * 2.0 * s * std::cos(angle) * 0.5 * std::numbers::pi;
    sum += quadrature.w[i] * dr * 2.0 * r * half_angle(r, z, k) * intensity(r, limb);
  }
  return sum;
}

constexpr int kParameters = 5;
using Vector = Eigen::Matrix<double, kParameters, 1>;
using Matrix = Eigen::Matrix<double, kParameters, kParameters>;

struct Data {
  std::span<const double> times, fluxes, errors;
  LimbDarkening limb;
};

Transit transit_of(const Vector& p, double impact) {
  return {p[0], p[1], p[2], impact, p[3], p[4]};
}

bool allowed(const Vector& p) {
  return p.allFinite() && p[1] > 0.0 && p[1] < 1.0 && p[2] > 0.0 && p[3] > 0.0;
}

double chi_square(const Data& data, const Transit& transit) {
  double sum = 0.0;
  for (std::size_t i = 0; i < data.times.size(); ++i) {
    const double pull = (data.fluxes[i] - transit.flux(data.times[i], data.limb)) / data.errors[i];
    sum += pull * pull;
  }
  return sum;
}

struct Normal {
  Matrix matrix = Matrix::Zero();
  Vector right = Vector::Zero();
};

/// Normal equations with central differences.
Normal normal_equations(const Data& data, const Vector& p, double impact, const Vector& steps) {
  Normal normal;
  std::array<Transit, kParameters> up, down;
  for (int k = 0; k < kParameters; ++k) {
    Vector moved = p;
    moved[k] = p[k] + steps[k];
    up[static_cast<std::size_t>(k)] = transit_of(moved, impact);
    moved[k] = p[k] - steps[k];
    down[static_cast<std::size_t>(k)] = transit_of(moved, impact);
  }
  const Transit centre = transit_of(p, impact);
  for (std::size_t i = 0; i < data.times.size(); ++i) {
    const double t = data.times[i];
    Vector gradient;
    for (int k = 0; k < kParameters; ++k) {
      const auto j = static_cast<std::size_t>(k);
      gradient[k] = (up[j].flux(t, data.limb) - down[j].flux(t, data.limb)) / (2.0 * steps[k]);
    }
    gradient /= data.errors[i];
    normal.matrix += gradient * gradient.transpose();
    normal.right += gradient * ((data.fluxes[i] - centre.flux(t, data.limb)) / data.errors[i]);
  }
  return normal;
}

struct Descent {
  Vector parameters;
  Matrix matrix = Matrix::Zero();
  double chi2 = 0.0;
  bool moved = false;
};

Descent descend(const Data& data, Vector p, double impact, double duration) {
  Vector steps;
  steps << 1e-3 * duration, 1e-4, 1e-3 * p[2], 1e-6 * p[3], 1e-4 / duration;
  Descent result{p, Matrix::Zero(), chi_square(data, transit_of(p, impact)), false};
  double damping = 1e-3;
  constexpr int kSteps = 40;
  for (int step = 0; step < kSteps && damping < 1e8; ++step) {
    const Normal normal = normal_equations(data, result.parameters, impact, steps);
    result.matrix = normal.matrix;
    Matrix damped = normal.matrix;
    damped.diagonal() *= 1.0 + damping;
    const Vector next = result.parameters + damped.ldlt().solve(normal.right);
    const double chi2 = allowed(next) ? chi_square(data, transit_of(next, impact)) : -1.0;
    if (chi2 < 0.0 || !(chi2 <= result.chi2)) {
      damping *= 10.0;
      continue;
    }
    const bool done = result.chi2 - chi2 < 1e-7 * result.chi2;
    result.parameters = next;
    result.chi2 = chi2;
    result.moved = true;
    damping *= 0.1;
    if (done) break;
  }
  return result;
}

}  // namespace

double transit_flux(double separation, double radius_ratio, const LimbDarkening& limb) {
  const double z = std::abs(separation), k = radius_ratio;
  if (!(z < 1.0 + k) || !(k > 0.0)) return 1.0;
  const double total = std::numbers::pi * (1.0 - limb.u1 / 3.0 - limb.u2 / 6.0);
  const double inner = std::max(0.0, std::abs(z - k));
  const double outer = std::min(1.0, z + k);
  double hidden = inner < outer ? hidden_light(inner, outer, z, k, limb) : 0.0;
  if (k > z) hidden += hidden_light(0.0, std::min(inner, 1.0), z, k, limb);
  return 1.0 - hidden / total;
}

double Transit::duration() const {
  const double reach = 1.0 + radius_ratio;
  if (!(speed > 0.0) || impact >= reach) return 0.0;
  return 2.0 * std::sqrt(reach * reach - impact * impact) / speed;
}

double Transit::flux(double time, const LimbDarkening& limb) const {
  const double along = speed * (time - mid_time);
  return level * (1.0 + slope * (time - mid_time)) *
         transit_flux(std::sqrt(impact * impact + along * along), radius_ratio, limb);
}

TransitFit fit_transit(std::span<const double> times, std::span<const double> fluxes,
                       std::span<const double> errors, double mid_time, double duration,
                       double depth, const LimbDarkening& limb) {
  TransitFit fit;
  constexpr std::size_t kLeastPoints = 8;
  if (times.size() < kLeastPoints || !(duration > 0.0) || !(depth > 0.0)) return fit;
  const Data data{times, fluxes, errors, limb};
  std::vector<double> sorted(fluxes.begin(), fluxes.end());
  const auto upper = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() * 3 / 4);
  std::nth_element(sorted.begin(), upper, sorted.end());
  const double k = std::sqrt(std::min(depth / *upper, 0.25));
  Vector start;
  start << mid_time, k, 2.0 * (1.0 + k) / duration, *upper, 0.0;
  Descent best;
  double best_impact = 0.0;
  constexpr double kImpacts[] = {0.0, 0.2, 0.4, 0.6, 0.8};
  for (const double impact : kImpacts) {
    const Descent descent = descend(data, start, impact, duration);
    if (!descent.moved) continue;
    start = descent.parameters;  // the next one is near
    if (fit.converged && descent.chi2 >= best.chi2) continue;
    best = descent;
    best_impact = impact;
    fit.converged = true;
  }
  if (!fit.converged) return fit;
  fit.transit = transit_of(best.parameters, best_impact);
  fit.chi2 = best.chi2 / static_cast<double>(times.size() - kParameters);
  const double scale = std::sqrt(std::max(1.0, fit.chi2));
  const Matrix covariance = best.matrix.ldlt().solve(Matrix::Identity());
  fit.mid_time_err = scale * std::sqrt(std::max(0.0, covariance(0, 0)));
  fit.radius_ratio_err = scale * std::sqrt(std::max(0.0, covariance(1, 1)));
  double squares = 0.0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double d = fluxes[i] / fit.transit.flux(times[i], limb) - 1.0;
    squares += d * d;
  }
  fit.residual_rms = std::sqrt(squares / static_cast<double>(times.size()));
  return fit;
}

}  // namespace polis
