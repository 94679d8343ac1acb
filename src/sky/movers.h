#pragma once

#include <span>
#include <string>
#include <vector>

#include "sky/associate.h"

namespace polis {

/// A detection that nothing at rest explains.
struct MovingPoint {
  SkyPoint point;
  double mag = std::numeric_limits<double>::quiet_NaN();
  std::string filter;
};

/// Detections on one straight line at constant speed.
struct Tracklet {
  std::vector<std::size_t> members;  ///< indices of points, by time
  SkyPosition position;              ///< at `mjd`, the mean time of the members
  double mjd = 0.0;
  double rate_ra_arcsec_per_h = 0.0;  ///< of ra x cos(dec)
  double rate_dec_arcsec_per_h = 0.0;
  double rate_error_arcsec_per_h = 0.0;  ///< per axis
  double chi2 = 0.0;                     ///< of 2 x members - 4 degrees of freedom
  double chance = 0.0;  ///< expected number of such tracklets from unrelated detections
  double rate_arcsec_per_h() const;
  double position_angle_deg() const;  ///< of the motion, north through east, 0..360
};

struct MoverSettings {
  double least_rate_arcsec_per_h = 1.0;
  double most_rate_arcsec_per_h = 300.0;  ///< faster things leave streaks
  double longest_span_h = 4.0;            ///< between the first and the last detection
  double sigma = 4.0;                     ///< of the distance from the line
  double motion_sigma = 6.0;              ///< least significance of the motion
  double floor_arcsec = 0.1;              ///< how well frames agree
  /// How much the path may bend: the diurnal parallax of the main belt's inner edge (8.79 arcsec /
  /// 1.2 au, at the equator) changes the rate by up to 0.5 arcsec/h in an hour.
  double bend_arcsec_per_h2 = 0.5;
  double most_mag_change = 1.0;           ///< between detections in one filter
  double most_chance = 0.01;              ///< tracklets that chance explains better are dropped
  bool pairs = true;                      ///< also two detections, where nothing else explains them
  double area_arcsec2 = 3600.0 * 3600.0;  ///< of the sky that the frames cover
};

/// Links detections of one site (parallax moves what two sites see of one asteroid by arcsec) that
/// move along a straight line at constant speed, at most one per frame. Longer tracklets first; no
/// detection belongs to two. Each pair of detections is tried as a start, so give it what is left
/// after things at rest are taken away: n^2 x frames steps.
std::vector<Tracklet> link_movers(std::span<const MovingPoint> points,
                                  const MoverSettings& settings);

}  // namespace polis
