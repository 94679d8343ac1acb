#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/neighbours.h"

namespace polis {

/// A map from one plane to another that is nearly the identity: X = x + dx(s, t), with s = (x -
/// centre.x) / scale, t likewise, and polynomials in order of p + q, then p.
struct DistortionFit {
  int order = 0;  ///< 1: linear
  PlanePoint centre;
  double scale = 1.0;
  std::vector<double> x, y;        ///< coefficients of dx, dy [unit of the planes]
  std::vector<double> covariance;  ///< of the fit's own parameters, row by row
  std::vector<std::uint8_t> used;  ///< per pair: 1 kept, 0 rejected
  std::size_t stars = 0;           ///< how many kept
  double rms = 0.0;                ///< of the kept residuals, per axis
  double chi2 = 0.0;               ///< sum over both axes of the kept residuals^2 x weight
  double noise2 = 1.0;   ///< by which the pairs' variances were multiplied: more than promised
  double freedom = 0.0;  ///< data less the parameters that they determine
  PlanePoint operator()(PlanePoint p) const;
  /// Variance of the mapped position at `p`, mean of both axes, if the weights are inverse
  /// variances, or more where the residuals say so: distortion that the pairs leave open is in it.
  double variance(PlanePoint p) const;
};

struct DistortionSettings {
  int most_order = 4;       ///< 1: no distortion; at most 5
  PlanePoint centre;        ///< where s = t = 0
  double scale = 1.0;       ///< what gives s = 1: half the detector
  double clip_sigma = 4.0;  ///< pairs farther off, in units of the robust scatter, are rejected
};

/// Fits the map by Bayesian least squares, in both axes at once.
///
/// Offset and linear terms are free. Distortion is expected to be small, and smaller in higher
/// orders: the terms of each order have a Gaussian prior about zero, and so has the third-order
/// radial term that all lenses have (Brown 1966), which alone describes most cameras. Their widths
/// start from what cameras have and are then learnt from the pairs (evidence, by expectation
/// maximisation; MacKay 1992, Neural Computation 4, 415), so that few stars suffice for a simple
/// distortion and many for any. The order is the least that the evidence does not clearly refuse.
/// Far pairs count less and less (Cauchy weights), then are cut away; the scatter is never taken
/// below what the weights promise. `weight`: inverse variance per axis; pairs without a positive
/// one are never used. False with fewer than 3 usable pairs, or when they lie on a line.
bool fit_distortion(std::span<const PlanePoint> from, std::span<const PlanePoint> to,
                    std::span<const double> weight, const DistortionSettings& settings,
                    DistortionFit& fit);

}  // namespace polis
