#include "sky/fit_wcs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

namespace polis {
namespace {

constexpr double kDegree = 180.0 / std::numbers::pi;
constexpr int kRecentrings = 2;  // each leaves about (field size)^2 of the last offset

/// A fit of one order, about a tangent point at which the detector's centre has no offset.
struct Candidate {
  SkyPosition tangent;
  PlaneFit plane;
};

struct Problem {
  std::vector<PlanePoint> pixels;
  std::vector<double> weights;  // 1 / deg^2
  std::span<const StarPair> pairs;
  PlanePoint centre;
  double half_size = 1.0;
};

std::vector<PlanePoint> standard_coordinates(const Problem& problem, SkyPosition tangent) {
  std::vector<PlanePoint> plane;
  plane.reserve(problem.pairs.size());
  for (const StarPair& pair : problem.pairs) {
    const auto [xi, eta] = project_tan(tangent, pair.sky);
    plane.push_back({xi * kDegree, eta * kDegree});
  }
  return plane;
}

std::optional<Candidate> fit_order(const Problem& problem, SkyPosition tangent, int order,
                                   double clip_sigma) {
  Candidate candidate{tangent, {}};
  PlaneFitSettings settings;
  settings.order = order;
  settings.centre = problem.centre;
  settings.scale = problem.half_size;
  settings.clip_sigma = clip_sigma;
  for (int i = 0; i < kRecentrings; ++i) {
    const auto plane = standard_coordinates(problem, candidate.tangent);
    if (!fit_plane(problem.pixels, plane, problem.weights, settings, candidate.plane))
      return std::nullopt;
    candidate.tangent = unproject_tan(
        candidate.tangent, {candidate.plane.x[0] / kDegree, candidate.plane.y[0] / kDegree});
  }
  return candidate;
}

/// Residuals of all pairs in units of their errors.
std::vector<double> normed_residuals(const Problem& problem, const Candidate& candidate) {
  const auto plane = standard_coordinates(problem, candidate.tangent);
  const PlanePoint offset{candidate.plane.x[0], candidate.plane.y[0]};
  std::vector<double> residuals;
  for (std::size_t i = 0; i < plane.size(); ++i) {
    if (!(problem.weights[i] > 0.0)) continue;
    const PlanePoint model = candidate.plane(problem.pixels[i]);
    residuals.push_back(
        std::hypot(plane[i].x - model.x + offset.x, plane[i].y - model.y + offset.y) *
        std::sqrt(problem.weights[i]));
  }
  return residuals;
}

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The order that the data ask for: least Bayesian information criterion over outlier-proof sums.
std::size_t choose(const Problem& problem, const std::vector<Candidate>& candidates,
                   double clip_sigma) {
  std::vector<std::vector<double>> residuals;
  double sigma = std::numeric_limits<double>::infinity();
  for (const Candidate& candidate : candidates) {
    residuals.push_back(normed_residuals(problem, candidate));
    sigma = std::min(sigma, median_of(residuals.back()) / 1.17741);
  }
  const double limit = clip_sigma * std::max(sigma, 1e-12);
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    double sum = 1e-20;
    for (const double r : residuals[i]) sum += std::min(r * r, limit * limit);
    const double data = 2.0 * static_cast<double>(residuals[i].size());
    const double parameters = 2.0 * static_cast<double>(plane_terms(candidates[i].plane.order));
    const double criterion = data * std::log(sum / data) + parameters * std::log(data);
    if (criterion < least) {
      least = criterion;
      best = i;
    }
  }
  return best;
}

Wcs wcs_of(const Candidate& candidate, const Problem& problem) {
  Wcs wcs;
  const PlaneFit& fit = candidate.plane;
  wcs.reference = candidate.tangent;
  wcs.reference_pixel = {problem.centre.x, problem.centre.y};
  const double s = fit.scale;
  wcs.cd = {fit.x[sip_index(1, 0)] / s, fit.x[sip_index(0, 1)] / s, fit.y[sip_index(1, 0)] / s,
            fit.y[sip_index(0, 1)] / s};
  const double det = wcs.cd[0] * wcs.cd[3] - wcs.cd[1] * wcs.cd[2];
  if (det == 0.0 || !std::isfinite(det)) return wcs;
  wcs.valid = true;
  if (fit.order < 2) return wcs;
  wcs.sip_order = fit.order;
  wcs.sip_a.assign(sip_size(fit.order), 0.0);
  wcs.sip_b.assign(sip_size(fit.order), 0.0);
  for (int n = 2; n <= fit.order; ++n) {
    const double power = std::pow(s, n);
    for (int p = 0; p <= n; ++p) {
      const std::size_t k = sip_index(p, n - p);
      wcs.sip_a[k] = (wcs.cd[3] * fit.x[k] - wcs.cd[1] * fit.y[k]) / (det * power);
      wcs.sip_b[k] = (wcs.cd[0] * fit.y[k] - wcs.cd[2] * fit.x[k]) / (det * power);
    }
  }
  return wcs;
}

/// Pixel scale that the pairs show on average, to turn pixel errors into weights. [deg/px]
double rough_scale(std::span<const StarPair> pairs, SkyPosition guess) {
  std::vector<PlanePoint> from;
  std::vector<PlanePoint> to;
  for (const StarPair& pair : pairs) {
    const auto [xi, eta] = project_tan(guess, pair.sky);
    if (!std::isfinite(xi) || !std::isfinite(pair.pixel.x + pair.pixel.y)) continue;
    from.push_back({pair.pixel.x, pair.pixel.y});
    to.push_back({xi * kDegree, eta * kDegree});
  }
  PlaneFit fit;
  const std::vector<double> ones(from.size(), 1.0);
  if (!fit_plane(from, to, ones, {}, fit)) return 0.0;
  return std::sqrt(std::abs(fit.x[2] * fit.y[1] - fit.x[1] * fit.y[2])) / fit.scale;
}

}  // namespace

double WcsFit::error_arcsec(PixelPosition pixel) const {
  if (!found) return std::numeric_limits<double>::quiet_NaN();
  return 3600.0 * std::sqrt(plane.variance({pixel.x, pixel.y}) * std::max(1.0, reduced_chi2));
}

WcsFit fit_wcs(std::span<const StarPair> pairs, SkyPosition guess, const WcsFitSettings& settings) {
  WcsFit result;
  Problem problem;
  problem.pairs = pairs;
  problem.centre = {0.5 * (settings.width - 1), 0.5 * (settings.height - 1)};
  problem.half_size = 0.5 * std::max({settings.width, settings.height, 2});
  const double scale = rough_scale(pairs, guess);
  if (!(scale > 0.0)) return result;
  std::size_t usable = 0;
  for (const StarPair& pair : pairs) {
    const double error = pair.error_px * scale;
    const double weight = error > 0.0 && std::isfinite(error) ? 1.0 / (error * error) : 0.0;
    usable += weight > 0.0 ? 1 : 0;
    problem.pixels.push_back({pair.pixel.x, pair.pixel.y});
    problem.weights.push_back(weight);
  }
  // A first linear fit brings the tangent point to the detector's centre, for all orders.
  if (const auto linear = fit_order(problem, guess, 1, settings.clip_sigma))
    guess = linear->tangent;
  std::vector<Candidate> candidates;
  for (int order = 1; order <= std::clamp(settings.most_sip_order, 1, 5); ++order) {
    if (order > 1 && usable < 3 * plane_terms(order)) break;
    if (auto candidate = fit_order(problem, guess, order, settings.clip_sigma))
      candidates.push_back(std::move(*candidate));
  }
  if (candidates.empty()) return result;
  const Candidate& best = candidates[choose(problem, candidates, settings.clip_sigma)];
  result.plane = best.plane;
  result.wcs = wcs_of(best, problem);
  result.found = result.wcs.valid;
  result.used = best.plane.used;
  result.stars = best.plane.stars;
  result.rms_px =
      std::sqrt(0.5 * (best.plane.rms_x * best.plane.rms_x + best.plane.rms_y * best.plane.rms_y)) /
      scale;
  const double freedom = 2.0 * (static_cast<double>(result.stars) -
                                static_cast<double>(plane_terms(best.plane.order)));
  result.reduced_chi2 = freedom > 0.0 ? best.plane.chi2 / freedom : 0.0;
  if (result.found) add_inverse_sip(result.wcs, settings.width, settings.height);
  return result;
}

void add_inverse_sip(Wcs& wcs, int width, int height) {
  wcs.sip_ap.clear();
  wcs.sip_bp.clear();
  if (!wcs.valid || wcs.sip_order < 2) return;
  constexpr int kSteps = 24;
  std::vector<PlanePoint> from;
  std::vector<PlanePoint> to;
  const double det = wcs.cd[0] * wcs.cd[3] - wcs.cd[1] * wcs.cd[2];
  for (int j = 0; j <= kSteps; ++j) {
    for (int i = 0; i <= kSteps; ++i) {
      const PixelPosition pixel{width * (static_cast<double>(i) / kSteps) - 0.5,
                                height * (static_cast<double>(j) / kSteps) - 0.5};
      const auto [xi, eta] = project_tan(wcs.reference, wcs.to_sky(pixel));
      const PlanePoint distorted{(wcs.cd[3] * xi - wcs.cd[1] * eta) * kDegree / det,
                                 (wcs.cd[0] * eta - wcs.cd[2] * xi) * kDegree / det};
      from.push_back(distorted);
      to.push_back({pixel.x - wcs.reference_pixel.x - distorted.x,
                    pixel.y - wcs.reference_pixel.y - distorted.y});
    }
  }
  PlaneFitSettings settings;
  settings.order = wcs.sip_order;
  settings.scale = 0.5 * std::max({width, height, 2});
  settings.clip_sigma = 1e9;
  PlaneFit fit;
  const std::vector<double> ones(from.size(), 1.0);
  if (!fit_plane(from, to, ones, settings, fit)) return;
  wcs.sip_ap.assign(sip_size(wcs.sip_order), 0.0);
  wcs.sip_bp.assign(sip_size(wcs.sip_order), 0.0);
  for (int n = 0; n <= wcs.sip_order; ++n) {
    for (int p = 0; p <= n; ++p) {
      const std::size_t k = sip_index(p, n - p);
      wcs.sip_ap[k] = fit.x[k] / std::pow(fit.scale, n);
      wcs.sip_bp[k] = fit.y[k] / std::pow(fit.scale, n);
    }
  }
}

}  // namespace polis
