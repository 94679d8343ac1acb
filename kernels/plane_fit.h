#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/neighbours.h"

namespace polis {

/// A polynomial from one plane to another, in coordinates brought to about -1..1:
/// X = sum x[k] s^p t^q with s = (x - centre.x) / scale, t = (y - centre.y) / scale, terms in order
/// of p + q, then p.
struct PlaneFit {
  int order = 0;
  PlanePoint centre;
  double scale = 1.0;
  std::vector<double> x, y;         ///< coefficients
  std::vector<double> covariance;   ///< of either axis' coefficients for unit weights, row by row
  std::vector<std::uint8_t> used;   ///< per pair: 1 kept, 0 rejected
  std::size_t stars = 0;            ///< how many kept
  double rms_x = 0.0, rms_y = 0.0;  ///< of the kept residuals
  double chi2 = 0.0;                ///< sum over both axes of the kept residuals^2 x weight
  PlanePoint operator()(PlanePoint p) const;
  /// Variance of the fitted position at `p`, per axis, if the weights are inverse variances.
  double variance(PlanePoint p) const;
};

struct PlaneFitSettings {
  int order = 1;
  PlanePoint centre;        ///< with `scale`: where s = t = 0, and what gives 1
  double scale = 0.0;       ///< 0: both are taken from the extent of `from`
  double clip_sigma = 4.0;  ///< pairs farther off, in units of the robust scatter, are rejected
  int most_rounds = 12;
};

/// Weighted least-squares polynomial from `from` to `to` with iterative rejection of outliers.
/// `weight` is the inverse variance per axis (1 / unit^2); pairs with a weight that is not positive
/// are never used. The scatter is never taken below what the weights promise, so that good pairs
/// survive in a perfect fit. False if fewer pairs are left than there are coefficients, or they do
/// not determine them.
bool fit_plane(std::span<const PlanePoint> from, std::span<const PlanePoint> to,
               std::span<const double> weight, const PlaneFitSettings& settings, PlaneFit& fit);

constexpr std::size_t plane_terms(int order) {
  return static_cast<std::size_t>((order + 1) * (order + 2) / 2);
}

}  // namespace polis
