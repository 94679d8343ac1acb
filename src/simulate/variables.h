#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "simulate/galaxies.h"
#include "simulate/scene.h"
#include "simulate/stars.h"

namespace polis {

/// What changes in the simulated sky.
enum class VariableKind { rr_lyrae, eclipsing, transit, flare, supernova };
std::string_view name_of(VariableKind kind);

/// A source whose brightness follows a formula: `brightening` gives it.
struct Variable {
  VariableKind kind = VariableKind::rr_lyrae;
  int field = 0;
  Star star;                ///< of a supernova: its position and peak magnitudes
  double period_day = 1.0;  ///< rr_lyrae, eclipsing, transit
  double epoch_mjd =
      0.0;  ///< maximum (rr_lyrae), mid-eclipse, mid-transit, flare onset, SN maximum; UTC
  double amplitude_mag =
      0.0;  ///< full range in r (rr_lyrae), depth of the primary (eclipsing), peak (flare)
  double depth2_mag = 0.0;  ///< of the secondary eclipse
  double width = 0.1;  ///< duration / period of eclipse or transit; decay time [day] of a flare
  double radius_ratio = 0.0;  ///< planet / star
  std::int64_t host = 0;      ///< galaxy of a supernova; 0: none
};

/// Change of magnitude at one instant; negative is brighter. A supernova that has not gone off:
/// +50.
///
/// RR Lyrae: saw-tooth of type ab, g 1.3 x and i 0.8 x the amplitude in r. Eclipses: flat-bottomed
/// with linear limbs. Transit: uniform source with quadratic limb darkening (small-planet form of
/// Mandel & Agol 2002, ApJ 580, L171). Flare: rise and double-exponential decay (Davenport et al.
/// 2014, ApJ 797, 122). Supernova: type Ia, 15 day fireball rise, decline of 1.1 mag in 15 days in
/// g, slower to the red.
double brightening(const Variable& variable, Band band, double mjd_utc);

/// The variable stars and supernovae of the scene, in a fixed order; supernovae lie in galaxies.
std::vector<Variable> make_variables(const Scene& scene);

/// A minor planet: uniform motion on the sky, good for some days.
struct Asteroid {
  std::int64_t id = 0;
  int field = 0;
  SkyPosition position;                                    ///< at `mjd`
  double mjd = 0.0;                                        ///< UTC
  double ra_rate_arcsec_h = 0.0, dec_rate_arcsec_h = 0.0;  ///< ra rate includes cos(dec)
  Magnitudes mag{};
  double rotation_day = 0.3, amplitude_mag = 0.2;  ///< of its double-peaked light curve

  SkyPosition at(double mjd_utc) const;
  double magnitude(Band band, double mjd_utc) const;
};
std::vector<Asteroid> make_asteroids(const Scene& scene);

}  // namespace polis
