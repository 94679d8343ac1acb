#pragma once

#include <memory>

#include "sky/site.h"
#include "sky/wcs.h"

namespace polis {

/// Direction above the local horizon, without refraction. [deg]
struct HorizonPosition {
  double altitude_deg = kUnknown;
  double azimuth_deg = kUnknown;  ///< north through east
};

/// The sky as seen from one site at one time: what costs (precession, nutation, Earth's orbit) is
/// done once, so that many targets are cheap. UT1 is taken as UTC (0.9 s, 13 arcsec at most), the
/// pole as fixed. A site or time that is not known gives NaN everywhere.
class Observer {
 public:
  Observer(const Site& site, double mjd_utc);
  ~Observer();
  Observer(Observer&&) noexcept;
  Observer& operator=(Observer&&) noexcept;

  HorizonPosition to_horizon(SkyPosition icrs) const;
  double airmass(SkyPosition icrs) const;
  double hour_angle_deg(SkyPosition icrs) const;         ///< -180..180
  double parallactic_angle_deg(SkyPosition icrs) const;  ///< of the zenith, north through east
  double sidereal_time_deg() const;  ///< local apparent (Earth rotation angle + CIO)
  SkyPosition moon() const;          ///< as seen from the site
  double mjd_utc() const { return mjd_utc_; }

 private:
  struct State;
  std::unique_ptr<State> state_;  ///< null: unknown site or time
  double mjd_utc_ = kUnknown;
};

/// Relative airmass (Pickering 2002, DIO 12, 1, eq. 6): 1 at the zenith, 38.7 at the horizon;
/// infinite below it.
double airmass_of(double altitude_deg);

/// Geometric direction of the Sun from the geocentre; within 0.01 deg of the apparent one.
SkyPosition sun_position(double mjd_utc);
/// Direction of the Moon from the geocentre (Meeus 1998 by ERFA): 10 arcsec.
SkyPosition moon_position(double mjd_utc);
double moon_illumination(double mjd_utc);  ///< lit fraction of the disc, 0..1

/// A star's catalogue entry that moves.
struct ProperMotion {
  double pmra_mas_per_yr = 0.0;  ///< d(ra)/dt * cos(dec)
  double pmdec_mas_per_yr = 0.0;
};
/// Where a star that was at `position` in `from_year` is in `to_year` (Julian years): motion along
/// a straight line in space, no parallax, no radial velocity. NaN motion counts as none.
SkyPosition at_epoch(SkyPosition position, ProperMotion motion, double from_year, double to_year);

}  // namespace polis
