#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace polis {

/// A dip of constant depth. Times in the unit of the input, depth in that of the values.
struct Dip {
  double period = 0.0;    ///< 0: a single dip
  double mid_time = 0.0;  ///< of one dip
  double duration = 0.0;
  double depth = 0.0;      ///< > 0: fainter
  double depth_err = 0.0;  ///< 1 sigma from the given errors
  std::size_t points = 0;  ///< inside
  double snr() const { return depth_err > 0.0 ? depth / depth_err : 0.0; }
};

struct SingleDipSettings {
  double shortest = 0.0, longest = 0.0;  ///< durations; geometric steps of 15 %
  std::size_t least_points = 5;          ///< inside the dip, and outside it on either side
};

/// The most significant single dip on a straight baseline: value = a + b * time - depth * inside,
/// all three fitted by weighted least squares for each trial. `times` ascending. Nothing found:
/// snr() is 0.
Dip find_single_dip(std::span<const double> times, std::span<const double> values,
                    std::span<const double> errors, const SingleDipSettings& settings);

struct BoxSearchSettings {
  double shortest_period = 0.0, longest_period = 0.0;
  double shortest_fraction = 0.01, longest_fraction = 0.15;  ///< dip over period
  double oversampling = 5.0;  ///< frequency steps per (least fraction / span)
  std::size_t phase_bins = 200;
  std::size_t limit = 100000;  ///< trial periods
};

/// The most significant periodic dip (box least squares: Kovacs, Zucker & Mazeh 2002, A&A 391,
/// 369), from binned phases. Nothing found: snr() is 0.
Dip find_periodic_dip(std::span<const double> times, std::span<const double> values,
                      std::span<const double> errors, const BoxSearchSettings& settings);

/// How much larger than for white noise the error of a mean over `duration` is: the rms of means
/// over bins of that length over what the points' own scatter gives, at least 1 (the time-averaging
/// of Winn et al. 2008, ApJ 683, 1076).
double red_noise_factor(std::span<const double> times, std::span<const double> residuals,
                        double duration);

}  // namespace polis
