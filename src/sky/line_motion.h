#pragma once

#include <span>

#include "kernels/neighbours.h"

namespace polis {

/// A place in a plane at a time.
struct TimedPlace {
  PlanePoint place;
  double hours = 0.0;
  double error = 1.0;  ///< 1 sigma, per axis, in the unit of the place
};

/// place(t) = middle + rate x (t - hours), by weighted least squares.
struct LineMotion {
  bool determined = false;                      ///< false: fewer than two times
  double hours = 0.0;                           ///< weighted mean time
  PlanePoint middle, rate;                      ///< rate per hour
  double middle_error = 0.0, rate_error = 0.0;  ///< per axis; uncorrelated by choice of `hours`
  double chi2 = 0.0;
  PlanePoint at(double t) const {
    return {middle.x + rate.x * (t - hours), middle.y + rate.y * (t - hours)};
  }
  /// Variance of at(t), per axis.
  double variance_at(double t) const {
    const double reach = rate_error * (t - hours);
    return middle_error * middle_error + reach * reach;
  }
};

LineMotion fit_line_motion(std::span<const TimedPlace> places);

}  // namespace polis
