#pragma once

#include "simulate/scene.h"
#include "simulate/stars.h"
#include "sky/coordinates.h"

namespace polis {

/// The air above one site at one instant, towards one field.
struct Conditions {
  double airmass = 1.0;
  double seeing_arcsec = 1.0;                 ///< FWHM towards the field: grows with airmass^0.6
  double extinction_mag = 0.0;                ///< of clear air, towards the field
  double cloud_mag = 0.0;                     ///< more, at the field's centre
  double cloud_gradient_mag[2] = {0.0, 0.0};  ///< change of it across the frame's width and height
  double sky_mag = 21.0;                      ///< surface brightness [mag/arcsec2]
  double moon_altitude_deg = -90.0;
  double moon_separation_deg = 180.0;
  double moon_illumination = 0.0;
  double sun_altitude_deg = -90.0;
};

/// Clear-air extinction at airmass 1. [mag]
double extinction_at_zenith(const SceneSite& site, Band band);

/// What the weather does is a smooth function of time (sums of slow oscillations with random
/// phases): it may be asked for any instant, in any order. Moonlight after Krisciunas & Schaefer
/// (1991, PASP 103, 1033).
Conditions conditions_at(const Scene& scene, const SceneSite& site, Band band, SkyPosition target,
                         double mjd_utc);

}  // namespace polis
