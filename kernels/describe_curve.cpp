#include "kernels/describe_curve.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/period_evidence.h"
#include "kernels/periodogram.h"

namespace polis {
namespace {

constexpr std::size_t kLeastPoints = 8;

double percentile(std::vector<double> values, double share) {
  const auto k = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + k, values.end());
  return values[static_cast<std::size_t>(k)];
}

struct Line {
  double level = 0.0, slope = 0.0, slope_err = 0.0, middle = 0.0;
  double at(double t) const { return level + slope * (t - middle); }
};

Line fit_line(const CurveView& curve) {
  double w = 0, t = 0, y = 0;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const double weight = 1.0 / (curve.errors[i] * curve.errors[i]);
    w += weight;
    t += weight * curve.times[i];
    y += weight * curve.fluxes[i];
  }
  Line line{y / w, 0.0, std::numeric_limits<double>::infinity(), t / w};
  double tt = 0, ty = 0;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const double weight = 1.0 / (curve.errors[i] * curve.errors[i]),
                 d = curve.times[i] - line.middle;
    tt += weight * d * d;
    ty += weight * d * (curve.fluxes[i] - line.level);
  }
  if (tt > 0.0) {
    line.slope = ty / tt;
    line.slope_err = 1.0 / std::sqrt(tt);
  }
  return line;
}

double reduced_chi2(const CurveView& curve, double level, std::size_t parameters) {
  double sum = 0.0;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const double pull = (curve.fluxes[i] - level) / curve.errors[i];
    sum += pull * pull;
  }
  return sum / static_cast<double>(curve.size() - parameters);
}

void find_period(const CurveView& curve, const DescribeSettings& settings, CurveDescription& d) {
  const double span = curve.times.back() - curve.times.front();
  const double highest = 1.0 / settings.shortest_period;
  FrequencyGrid grid = frequency_grid(curve.times, highest);
  if (grid.count == 0) return;
  const std::vector<double> fluxes = without_trends(curve);
  const std::vector<double> power = lomb_scargle(curve.times, fluxes, curve.errors, grid);
  const auto best =
      static_cast<std::size_t>(std::max_element(power.begin(), power.end()) - power.begin());
  d.period_days = 1.0 / grid.at(best);
  d.period_power = power[best];
  const PeriodEvidence evidence = weigh_period(curve, d.period_days, highest);
  d.effective_points = evidence.effective_points;
  d.false_alarm = evidence.false_alarm;
  d.phase_dispersion = phase_dispersion(curve.times, fluxes, curve.errors, d.period_days);
  // An eclipsing binary's two dips per orbit look like half its period to a sinusoid.
  constexpr double kClearlyBetter = 0.8;
  constexpr double kCycles = 2.0;  // what was seen once may not come again
  const double doubled = phase_dispersion(curve.times, fluxes, curve.errors, 2.0 * d.period_days);
  d.periodic = d.false_alarm < settings.max_false_alarm && span > kCycles * d.period_days &&
               d.period_days < settings.longest_period;
  if (2.0 * kCycles * d.period_days < span && doubled < kClearlyBetter * d.phase_dispersion) {
    d.period_days *= 2.0;
    d.phase_dispersion = doubled;
  }
}

/// Residuals of a straight line and the dip.
std::vector<double> without(const CurveView& curve, const Dip& dip) {
  std::vector<double> filled(curve.fluxes.begin(), curve.fluxes.end());
  for (std::size_t i = 0; i < filled.size(); ++i) {
    double from_middle = curve.times[i] - dip.mid_time;
    if (dip.period > 0.0) from_middle -= dip.period * std::round(from_middle / dip.period);
    if (std::abs(from_middle) <= 0.5 * dip.duration) filled[i] += dip.depth;
  }
  const Line line = fit_line({curve.times, filled, curve.errors});
  for (std::size_t i = 0; i < filled.size(); ++i) filled[i] -= line.at(curve.times[i]);
  return filled;
}

double excess_of(const CurveView& curve, const std::vector<double>& residuals) {
  double sum = 0.0;
  for (std::size_t i = 0; i < residuals.size(); ++i)
    sum += std::pow(residuals[i] / curve.errors[i], 2);
  return std::max(1.0, std::sqrt(sum / static_cast<double>(residuals.size())));
}

void judge_dip(const CurveView& curve, const DescribeSettings& settings, double trials,
               CurveDescription& d) {
  if (d.dip.snr() <= 0.0) return;
  const std::vector<double> residuals = without(curve, d.dip);
  // Over a dip as long as half the night too few bins are left, so shorter stretches have a say as
  // well.
  double red = 1.0;
  for (const double share : {1.0, 0.5, 0.25}) {
    red = std::max(red, red_noise_factor(curve.times, residuals, share * d.dip.duration));
  }
  d.dip.depth_err *= excess_of(curve, residuals) * red;
  d.dip_snr = d.dip.snr();
  const double single = 0.5 * std::erfc(d.dip_snr / std::sqrt(2.0));
  d.dip_false_alarm = -std::expm1(trials * std::log1p(-single));
  d.has_dip = d.dip_snr > settings.min_dip_snr && d.dip_false_alarm < settings.max_false_alarm;
}

void find_dip(const CurveView& curve, const DescribeSettings& settings, CurveDescription& d) {
  const double span = curve.times.back() - curve.times.front();
  const double longest = std::min(settings.longest_dip, 0.6 * span);
  d.dip =
      find_single_dip(curve.times, curve.fluxes, curve.errors, {settings.shortest_dip, longest, 5});
  double trials = 5.0 * static_cast<double>(curve.size());
  constexpr double kNights = 1.5;  // [day] from then on a dip may come again
  if (span > kNights) {
    BoxSearchSettings search;
    search.shortest_period = 0.3;
    search.longest_period = 0.5 * span;
    const Dip repeated = find_periodic_dip(curve.times, curve.fluxes, curve.errors, search);
    if (repeated.snr() > d.dip.snr()) {
      d.dip = repeated;
      trials *= span / search.shortest_period / search.shortest_fraction;
    }
  }
  judge_dip(curve, settings, trials, d);
  if (d.has_dip && d.dip.period <= 0.0) {
    d.transit = fit_transit(curve.times, curve.fluxes, curve.errors, d.dip.mid_time, d.dip.duration,
                            d.dip.depth, settings.limb);
  }
}

}  // namespace

CurveDescription describe_curve(const CurveView& curve, const DescribeSettings& settings) {
  CurveDescription d;
  d.points = curve.size();
  constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
  if (curve.size() < kLeastPoints) {
    d.chi2 = d.amplitude = d.trend_per_day = d.trend_snr = kNothing;
    return d;
  }
  const std::vector<double> fluxes(curve.fluxes.begin(), curve.fluxes.end());
  const Line line = fit_line(curve);
  d.chi2 = reduced_chi2(curve, line.level, 1);
  d.amplitude = percentile(fluxes, 0.95) - percentile(fluxes, 0.05);
  d.trend_per_day = line.slope;
  d.trend_snr = std::abs(line.slope) / line.slope_err;
  find_period(curve, settings, d);
  find_dip(curve, settings, d);
  return d;
}

}  // namespace polis
