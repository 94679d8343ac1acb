#pragma once

#include <span>
#include <vector>

namespace polis {

/// Quadratic limb darkening: I(mu) / I(1) = 1 - u1 (1 - mu) - u2 (1 - mu)^2.
struct LimbDarkening {
  double u1 = 0.4, u2 = 0.25;
};

/// Fraction of a star's light that is left when a dark disc of `radius_ratio` stands at
/// `separation` (both in stellar radii) from its centre: the model of Mandel & Agol 2002 (ApJ 580,
/// L171), integrated over annuli of the star by Gauss quadrature to better than 1e-6.
double transit_flux(double separation, double radius_ratio, const LimbDarkening& limb);

/// A dark body on a straight path across the star, at constant speed.
struct Transit {
  double mid_time = 0.0;
  double radius_ratio = 0.0;
  double speed = 0.0;   ///< stellar radii per unit of time
  double impact = 0.0;  ///< least separation, stellar radii
  double level = 1.0,
         slope = 0.0;       ///< light out of transit: level * (1 + slope * (time - mid_time))
  double duration() const;  ///< from first to last contact; 0: it does not touch
  double flux(double time, const LimbDarkening& limb) const;
};

struct TransitFit {
  Transit transit;
  double mid_time_err = 0.0,
         radius_ratio_err = 0.0;  ///< 1 sigma at the impact parameter found, errors scaled to chi2
                                  ///< = 1 if that is larger
  double chi2 = 0.0;              ///< reduced
  double residual_rms = 0.0;      ///< relative to the level
  bool converged = false;
};

/// Least squares (Levenberg-Marquardt, on a grid of impact parameters) from a rough dip. Times
/// relative to some near origin keep their precision. Fewer than 8 points, or no descent: converged
/// is false.
TransitFit fit_transit(std::span<const double> times, std::span<const double> fluxes,
                       std::span<const double> errors, double mid_time, double duration,
                       double depth, const LimbDarkening& limb);

}  // namespace polis
