#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace polis {

/// Equally spaced frequencies. [1/day when times are in days]
struct FrequencyGrid {
  double first = 0.0, step = 0.0;
  std::size_t count = 0;
  double at(std::size_t k) const { return first + static_cast<double>(k) * step; }
};

/// From one cycle per span of `times` to `highest`, `oversampling` steps per independent frequency;
/// at most `limit` (the highest frequencies are dropped). Fewer than 2 distinct times: empty.
FrequencyGrid frequency_grid(std::span<const double> times, double highest,
                             double oversampling = 5.0, std::size_t limit = 1u << 20);

/// Generalised Lomb-Scargle periodogram with a floating mean (Zechmeister & Kurster 2009, A&A 496,
/// 577): per frequency, the fraction 0..1 of the weighted variance that a sinusoid takes away.
/// `times` ascending or not, `values` and `errors` of equal length, all finite, errors > 0.
/// Constant values or too few: all zero.
std::vector<double> lomb_scargle(std::span<const double> times, std::span<const double> values,
                                 std::span<const double> errors, const FrequencyGrid& grid);

/// Chance that noise alone gives a peak of at least `power` anywhere up to `highest` frequency
/// (Baluev 2008, MNRAS 385, 1279, eq. 6). `effective`: number of independent points, where that is
/// not the number of times. 1 for fewer than 5 points.
double false_alarm_probability(double power, std::span<const double> times, double highest,
                               double effective);
inline double false_alarm_probability(double power, std::span<const double> times, double highest) {
  return false_alarm_probability(power, times, highest, static_cast<double>(times.size()));
}

/// Phase dispersion minimisation (Stellingwerf 1978, ApJ 224, 953): weighted variance within `bins`
/// phase bins over the total; 1 for no period, near 0 for the right one. Bins with fewer than 2
/// points are left out; NaN: all are.
double phase_dispersion(std::span<const double> times, std::span<const double> values,
                        std::span<const double> errors, double period, int bins = 10);

}  // namespace polis
