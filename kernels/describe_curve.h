#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/box_least_squares.h"
#include "kernels/transit.h"

namespace polis {

/// A light curve to be described: fluxes about 1, times ascending [day], errors > 0, all finite.
struct CurveView {
  std::span<const double> times, fluxes, errors;
  /// What the flux may follow though the star does not: time, airmass, place on the detector ...
  /// Each as long as `times`.
  std::vector<std::span<const double>> trends = {};
  std::size_t size() const { return times.size(); }
};

struct DescribeSettings {
  double shortest_period = 0.02, longest_period = 100.0;  ///< [day]; no longer than the span
  double shortest_dip = 0.02,
         longest_dip = 0.25;      ///< durations [day]; no longer than half the span
  double min_dip_snr = 7.0;       ///< a dip counts above this, red noise included
  double max_false_alarm = 1e-4;  ///< a period counts below this
  LimbDarkening limb;
};

/// What a light curve shows. NaN: cannot be said.
struct CurveDescription {
  std::size_t points = 0;
  double chi2 = 0.0;       ///< reduced, of a constant
  double amplitude = 0.0;  ///< 5th to 95th percentile
  double trend_per_day = 0.0, trend_snr = 0.0;
  double period_days = 0.0, period_power = 0.0, phase_dispersion = 0.0;
  double effective_points = 0.0;  ///< independent ones, for that period (period_evidence.h)
  double false_alarm = 1.0;       ///< of the period, trends and red noise included
  bool periodic = false;          ///< false_alarm below the limit and at least two cycles seen
  Dip dip;                        ///< the best, single or periodic; depth_err with red noise
  double dip_snr = 0.0;           ///< with red noise
  double dip_false_alarm = 1.0;   ///< chance for noise, number of trials counted
  bool has_dip = false;
  TransitFit transit;  ///< fitted where there is a single dip
};

CurveDescription describe_curve(const CurveView& curve, const DescribeSettings& settings);

}  // namespace polis
