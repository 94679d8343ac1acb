#pragma once

#include <vector>

#include "kernels/light_curve.h"
#include "sky/target_list.h"
#include "tasks/forced_tables.h"
#include "tasks/light_curve_tables.h"

namespace polis {

/// All forced photometry of one detector and filter: star slowest, frame fastest; frames by time.
struct NightSeries {
  std::vector<ForcedFrame> frames;  ///< their per-row vectors are emptied
  std::vector<double> radii_px;
  std::size_t stars = 0;
  /// Per radius, then of the PSF where any frame has it: stars x frames; NaN: not measured.
  /// [electron]
  std::vector<std::vector<double>> flux, flux_err;
  std::vector<double> x, y;         ///< stars x frames
  std::vector<std::int32_t> flags;  ///< stars x frames
  std::size_t at(std::size_t star, std::size_t frame) const { return star * frames.size() + frame; }
};

/// Frames whose circles differ from those of the first are left out. `frames` in any order.
NightSeries gather_series(std::vector<ForcedFrame> frames, std::size_t stars);
/// Instrumental magnitudes of one series of fluxes; what is saturated, spoilt or not positive is
/// NaN.
MagnitudeSeries magnitudes(const NightSeries& series, std::size_t number);
/// The star's curve in one of the series: fluxes brought to the transparency of the median frame by
/// the ensemble without the star (made from `mags`, of the same series). Measurements that are not
/// there are left out. Times are UTC Modified Julian Dates.
StarCurve star_curve(const NightSeries& series, const MagnitudeSeries& mags,
                     const Ensemble& ensemble, std::size_t number, std::size_t star);

/// Marks points farther than `sigma` from the running median of their curve, in units of the larger
/// of their error and the curve's own scatter about that median.
void flag_outliers(StarCurve& curve, double sigma);

}  // namespace polis
