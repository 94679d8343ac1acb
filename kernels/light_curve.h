#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace polis {

/// Magnitudes of the same stars in a series of frames. Row-major: star slowest, frame fastest.
/// NaN: not measured, or not usable. [mag]
struct MagnitudeSeries {
  std::size_t stars = 0, frames = 0;
  std::vector<double> mag, mag_err;  ///< stars x frames
  double at(std::size_t star, std::size_t frame) const { return mag[star * frames + frame]; }
  double err(std::size_t star, std::size_t frame) const { return mag_err[star * frames + frame]; }
};

struct EnsembleSettings {
  double min_coverage = 0.6;  ///< a comparison star is usable in at least this fraction of frames
  double max_scatter_ratio =
      2.0;  ///< a star whose scatter over its error exceeds this times the median is variable
  double clip =
      5.0;  ///< single measurements beyond this many sigma are left out of the zero points
  int iterations = 30;
  std::size_t min_stars = 3;  ///< variables are thrown out only down to this number
};

/// What the stars in common say about the transparency of each frame.
struct Ensemble {
  std::vector<double> zero_point;  ///< per frame: instrumental minus mean magnitude; NaN: no star
  std::vector<double> zero_point_err;  ///< per frame, 1 sigma
  std::vector<double>
      mean_mag;  ///< per star: weighted mean of mag - zero_point; NaN: never measured
  std::vector<double>
      scatter;  ///< per star: rms about its mean, itself left out of the ensemble [mag]
  /// Per star: the noise from one frame to the next, whatever the star does slowly: rms of
  /// successive differences over sqrt(2) (von Neumann 1941). NaN: fewer than 3 frames. [mag]
  std::vector<double> quick_scatter;
  /// Per star: what its errors by the error model are multiplied by, so that they equal its quick
  /// scatter, as far as that can be trusted; at most max_scatter_ratio: beyond, it varies.
  std::vector<double> error_factor;
  std::vector<std::size_t> points;  ///< per star: how many frames have a say in its scatter
  /// Per star: 1 / variance, from its own scatter and from what the error model expects of its
  /// like, each as far as it can be trusted; 0: not a comparison star.
  std::vector<double> weight;
  std::vector<bool> used;    ///< stars x frames: fit to take part in the frame's zero point
  double error_scale = 1.0;  ///< what the formal errors are multiplied by ...
  double noise_floor =
      0.0;  ///< ... and added to in quadrature, so that they equal the scatter seen [mag]
  std::size_t comparisons() const;
};

/// Differential photometry from an ensemble: solves mag = mean(star) + zero_point(frame) by
/// alternating weighted means (Honeycutt 1992, PASP 104, 435), with each star weighted by its own
/// scatter about the curve made by all the others (Broeg et al. 2005, AN 326, 134). Stars whose
/// scatter is out of proportion are variable and get no weight. `candidate`: per star, may it be a
/// comparison? Deterministic; serial.
Ensemble solve_ensemble(const MagnitudeSeries& series, const std::vector<bool>& candidate,
                        const EnsembleSettings& settings = {});

/// The frames' zero points as all stars but one give them; NaN where there is no other star.
struct ZeroPoints {
  std::vector<double> value, error;  ///< per frame [mag]
};
ZeroPoints zero_points_without(const MagnitudeSeries& series, const Ensemble& ensemble,
                               std::size_t star);

/// Differential magnitudes of one star about zero: mag - zero point without that star - median.
/// Errors add the scaled formal error, the noise floor (both times the star's error factor) and the
/// zero point's error. NaN where not measured.
struct LightCurve {
  std::vector<double> mag, mag_err;  ///< per frame
};
LightCurve differential_curve(const MagnitudeSeries& series, const Ensemble& ensemble,
                              std::size_t star);

/// How well the scatter of its like foretells that of a star, in degrees of freedom: to a third.
inline constexpr double like_freedom = 20.0;

/// For each star, the number of the series (say, one per aperture radius, and one for PSF fits)
/// that measures it with the least noise. What `neighbours` comparison stars of like brightness
/// scatter in each series is weighed against the star's own quick scatter: over few frames the
/// others decide, over many the star itself, whose neighbours and place on the detector may not be
/// like theirs. Its slow variation has no say. Scatter in magnitudes shrinks when a neighbour's
/// steady light comes in: light that the star gains over its like is not counted as its own,
/// compared with the first series and with the last. `ensembles`: one per series, same stars and
/// frames; series with less than half the comparison stars of the best are out of the question.
std::vector<std::size_t> choose_series(const std::vector<Ensemble>& ensembles,
                                       std::size_t neighbours = 8);

}  // namespace polis
