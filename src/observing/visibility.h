#pragma once

#include <vector>

#include "sky/coordinates.h"
#include "sky/site.h"
#include "sky/wcs.h"

namespace polis {

/// What a site asks of the sky before it opens.
struct VisibilityLimits {
  double max_airmass = 2.0;
  double sun_altitude_deg = -12.0;  ///< the Sun is lower than this
  double moon_distance_deg = 20.0;  ///< the Moon, when up, is farther than this
};

/// A stretch of time in which a position can be observed. UTC. [day]
struct VisibilityWindow {
  double begin_mjd = 0.0, end_mjd = 0.0;
  double best_mjd = 0.0;  ///< of least airmass
  double least_airmass = 0.0;
};

bool is_visible(const Site& site, SkyPosition position, double mjd_utc,
                const VisibilityLimits& limits);

/// The windows within from..to, found on a grid of `step_minutes` (their ends are good to that). An
/// unknown site, or a position that never rises: none.
std::vector<VisibilityWindow> visibility_windows(const Site& site, SkyPosition position,
                                                 double from_mjd, double to_mjd,
                                                 const VisibilityLimits& limits,
                                                 double step_minutes = 5.0);

}  // namespace polis
