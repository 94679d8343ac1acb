#include "sky/fit_wcs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "kernels/plane_fit.h"

namespace polis {
namespace {

constexpr double kDegree = 180.0 / std::numbers::pi;
constexpr int kRecentrings = 2;  // each leaves about (field size)^2 of the last offset

struct Problem {
  std::span<const StarPair> pairs;
  std::vector<PlanePoint> pixels;
  std::vector<double> weights;  // 1 / px^2
  PlanePoint centre;
  double half_size = 1.0;
};

std::vector<PlanePoint> standard_coordinates(std::span<const StarPair> pairs, SkyPosition tangent) {
  std::vector<PlanePoint> plane;
  plane.reserve(pairs.size());
  for (const StarPair& pair : pairs) {
    const auto [xi, eta] = project_tan(tangent, pair.sky);
    plane.push_back({xi * kDegree, eta * kDegree});
  }
  return plane;
}

/// A tangent point at the detector's centre, and the linear map from there. [deg/px]
struct Linear {
  SkyPosition tangent;
  std::array<double, 4> cd{};
  double determinant() const { return cd[0] * cd[3] - cd[1] * cd[2]; }
  PlanePoint to_pixels(PlanePoint p) const {
    return {(cd[3] * p.x - cd[1] * p.y) / determinant(),
            (cd[0] * p.y - cd[2] * p.x) / determinant()};
  }
  /// The tangent point moved to a place of the plane. [px]
  void move(PlanePoint p) {
    tangent = unproject_tan(
        tangent, {(cd[0] * p.x + cd[1] * p.y) / kDegree, (cd[2] * p.x + cd[3] * p.y) / kDegree});
  }
};

std::optional<Linear> fit_linear(const Problem& problem, const std::vector<double>& weights,
                                 SkyPosition guess, double clip_sigma) {
  PlaneFitSettings settings;
  settings.order = 1;
  settings.centre = problem.centre;
  settings.scale = problem.half_size;
  settings.clip_sigma = clip_sigma;
  Linear linear{guess, {}};
  PlaneFit fit;
  for (int i = 0; i < kRecentrings; ++i) {
    const auto plane = standard_coordinates(problem.pairs, linear.tangent);
    if (!fit_plane(problem.pixels, plane, weights, settings, fit)) return std::nullopt;
    linear.tangent = unproject_tan(linear.tangent, {fit.x[0] / kDegree, fit.y[0] / kDegree});
  }
  const double s = fit.scale;
  linear.cd = {fit.x[sip_index(1, 0)] / s, fit.x[sip_index(0, 1)] / s, fit.y[sip_index(1, 0)] / s,
               fit.y[sip_index(0, 1)] / s};
  const double det = linear.determinant();
  if (det == 0.0 || !std::isfinite(det)) return std::nullopt;
  return linear;
}

/// The map from the detector to the plane of `linear`, in pixels; moves the tangent point so that
/// the detector's centre has no offset.
bool fit_map(const Problem& problem, const WcsFitSettings& settings, Linear& linear,
             DistortionFit& map) {
  DistortionSettings distortion;
  distortion.most_order = settings.most_sip_order;
  distortion.centre = problem.centre;
  distortion.scale = problem.half_size;
  distortion.clip_sigma = settings.clip_sigma;
  for (int i = 0; i < kRecentrings; ++i) {
    std::vector<PlanePoint> plane = standard_coordinates(problem.pairs, linear.tangent);
    for (PlanePoint& p : plane) {
      p = linear.to_pixels(p);
      p = {p.x + problem.centre.x, p.y + problem.centre.y};
    }
    if (!fit_distortion(problem.pixels, plane, problem.weights, distortion, map)) return false;
    linear.move({map.x[0], map.y[0]});
    constexpr double kCentred = 0.1;  // [px]
    if (std::hypot(map.x[0], map.y[0]) < kCentred) break;
  }
  return true;
}

/// SIP stands before the linear map: u + A = (1 + L)^-1 (u + L u + distortion).
Wcs wcs_of(const Problem& problem, const Linear& linear, const DistortionFit& map) {
  Wcs wcs;
  wcs.reference = linear.tangent;
  wcs.reference_pixel = {problem.centre.x, problem.centre.y};
  const double s = map.scale;
  const std::array<double, 4> m{1.0 + map.x[sip_index(1, 0)] / s, map.x[sip_index(0, 1)] / s,
                                map.y[sip_index(1, 0)] / s, 1.0 + map.y[sip_index(0, 1)] / s};
  const std::array<double, 4>& cd = linear.cd;
  wcs.cd = {cd[0] * m[0] + cd[1] * m[2], cd[0] * m[1] + cd[1] * m[3], cd[2] * m[0] + cd[3] * m[2],
            cd[2] * m[1] + cd[3] * m[3]};
  const double det = m[0] * m[3] - m[1] * m[2];
  if (!(det > 0.0) || !std::isfinite(det)) return wcs;
  wcs.valid = true;
  if (map.order < 2) return wcs;
  wcs.sip_order = map.order;
  wcs.sip_a.assign(sip_size(map.order), 0.0);
  wcs.sip_b.assign(sip_size(map.order), 0.0);
  for (int n = 2; n <= map.order; ++n) {
    const double power = std::pow(s, n);
    for (int p = 0; p <= n; ++p) {
      const std::size_t k = sip_index(p, n - p);
      wcs.sip_a[k] = (m[3] * map.x[k] - m[1] * map.y[k]) / (det * power);
      wcs.sip_b[k] = (m[0] * map.y[k] - m[2] * map.x[k]) / (det * power);
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
  return wcs.pixel_scale_arcsec() * std::sqrt(map.variance({pixel.x, pixel.y}));
}

WcsFit fit_wcs(std::span<const StarPair> pairs, SkyPosition guess, const WcsFitSettings& settings) {
  WcsFit result;
  Problem problem;
  problem.pairs = pairs;
  problem.centre = {0.5 * (settings.width - 1), 0.5 * (settings.height - 1)};
  problem.half_size = 0.5 * std::max({settings.width, settings.height, 2});
  const double scale = rough_scale(pairs, guess);
  if (!(scale > 0.0)) return result;
  std::vector<double> in_degrees;
  for (const StarPair& pair : pairs) {
    const double error = pair.error_px;
    const double weight = error > 0.0 && std::isfinite(error) ? 1.0 / (error * error) : 0.0;
    problem.pixels.push_back({pair.pixel.x, pair.pixel.y});
    problem.weights.push_back(weight);
    in_degrees.push_back(weight / (scale * scale));
  }
  std::optional<Linear> linear = fit_linear(problem, in_degrees, guess, settings.clip_sigma);
  if (!linear || !fit_map(problem, settings, *linear, result.map)) return result;
  result.wcs = wcs_of(problem, *linear, result.map);
  result.found = result.wcs.valid;
  result.used = result.map.used;
  result.stars = result.map.stars;
  result.rms_px = result.map.rms;
  result.reduced_chi2 = result.map.freedom > 0.0 ? result.map.chi2 / result.map.freedom : 0.0;
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
