#pragma once

#include <span>
#include <vector>

#include "kernels/describe_curve.h"

namespace polis {

/// What is left of the fluxes when the best combination of a constant and the curve's trends is
/// taken away (weighted least squares; trends that repeat others do no harm).
std::vector<double> without_trends(const CurveView& curve);

/// How surely a curve repeats with a period.
struct PeriodEvidence {
  double power = 0.0;  ///< 0..1: what a sinusoid takes of the variance that the trends leave
  double effective_points = 0.0;  ///< independent ones: fewer than there are where noise is red
  double false_alarm =
      1.0;  ///< chance that such noise gives that power up to the highest frequency
};

/// Weighs a period against trends, fitted together with it, and against red noise: what varies
/// slowly makes neighbouring points agree, so that their number overstates what is known. The
/// points are counted after the time-averaging of Winn et al. 2008 (ApJ 683, 1076) over a quarter
/// of the period, before the sinusoid is taken away: few cycles of red noise never make a period,
/// while a star that is nothing but its period needs few points. `highest`: of the frequencies that
/// were searched.
PeriodEvidence weigh_period(const CurveView& curve, double period, double highest);

}  // namespace polis
