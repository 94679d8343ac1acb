#include "sky/coordinates.h"

#include <erfa.h>
#include <erfam.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sky/time.h"

namespace polis {
namespace {

constexpr double kMjdZero = 2400000.5;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr SkyPosition kNowhere{kNan, kNan};

SkyPosition direction_of(const double vector[3]) {
  double ra = 0.0;
  double dec = 0.0;
  double copy[3];
  eraCp(const_cast<double*>(vector), copy);
  eraC2s(copy, &ra, &dec);
  return {eraAnp(ra) / ERFA_DD2R, dec / ERFA_DD2R};
}

/// From the geocentre to the Sun; GCRS axes. [au]
void sun_vector(double mjd_utc, double vector[3]) {
  double heliocentric[2][3];
  double barycentric[2][3];
  eraEpv00(kMjdZero, tdb_from_utc(mjd_utc), heliocentric, barycentric);
  for (int i = 0; i < 3; ++i) vector[i] = -heliocentric[0][i];
}

/// From the geocentre to the Moon; GCRS axes. [au]
void moon_vector(double mjd_utc, double vector[3]) {
  double pv[2][3];
  eraMoon98(kMjdZero, tt_from_utc(mjd_utc), pv);
  eraCp(pv[0], vector);
}

}  // namespace

struct Observer::State {
  Site site;
  eraASTROM astrom{};
  double equation_of_origins = 0.0;

  struct Local {
    double azimuth, zenith_distance, hour_angle, dec;
  };
  Local look(SkyPosition icrs) const {
    double ri = 0.0;
    double di = 0.0;
    eraASTROM copy = astrom;
    eraAtciq(icrs.ra_deg * ERFA_DD2R, icrs.dec_deg * ERFA_DD2R, 0.0, 0.0, 0.0, 0.0, &copy, &ri,
             &di);
    Local local{};
    double ra = 0.0;
    eraAtioq(ri, di, &copy, &local.azimuth, &local.zenith_distance, &local.hour_angle, &local.dec,
             &ra);
    return local;
  }
};

Observer::Observer(const Site& site, double mjd_utc) : mjd_utc_(mjd_utc) {
  if (!site.known() || !std::isfinite(tt_from_utc(mjd_utc))) return;
  state_ = std::make_unique<State>();
  state_->site = site;
  // Pressure 0 switches refraction off; the other weather values are then without effect.
  const int status = eraApco13(kMjdZero, mjd_utc, 0.0, site.longitude_deg * ERFA_DD2R,
                               site.latitude_deg * ERFA_DD2R, site.altitude_m, 0.0, 0.0, 0.0, 0.0,
                               0.0, 0.55, &state_->astrom, &state_->equation_of_origins);
  if (status < 0) state_.reset();
}

Observer::~Observer() = default;
Observer::Observer(Observer&&) noexcept = default;
Observer& Observer::operator=(Observer&&) noexcept = default;

HorizonPosition Observer::to_horizon(SkyPosition icrs) const {
  if (!state_) return {};
  const State::Local local = state_->look(icrs);
  return {90.0 - local.zenith_distance / ERFA_DD2R, local.azimuth / ERFA_DD2R};
}

double Observer::airmass(SkyPosition icrs) const {
  return airmass_of(to_horizon(icrs).altitude_deg);
}

double Observer::hour_angle_deg(SkyPosition icrs) const {
  return state_ ? eraAnpm(state_->look(icrs).hour_angle) / ERFA_DD2R : kNan;
}

double Observer::parallactic_angle_deg(SkyPosition icrs) const {
  if (!state_) return kNan;
  const State::Local local = state_->look(icrs);
  return eraHd2pa(local.hour_angle, local.dec, state_->site.latitude_deg * ERFA_DD2R) / ERFA_DD2R;
}

double Observer::sidereal_time_deg() const {
  if (!state_) return kNan;
  return eraAnp(state_->astrom.eral - state_->equation_of_origins) / ERFA_DD2R;
}

SkyPosition Observer::moon() const {
  if (!state_) return kNowhere;
  double moon[3];
  moon_vector(mjd_utc_, moon);
  double terrestrial[3];
  const Site& site = state_->site;
  eraGd2gc(ERFA_WGS84, site.longitude_deg * ERFA_DD2R, site.latitude_deg * ERFA_DD2R,
           site.altitude_m, terrestrial);
  double to_terrestrial[3][3];
  const double tt = tt_from_utc(mjd_utc_);
  eraC2t06a(kMjdZero, tt, kMjdZero, mjd_utc_, 0.0, 0.0, to_terrestrial);
  double celestial[3];
  eraTrxp(to_terrestrial, terrestrial, celestial);
  for (int i = 0; i < 3; ++i) moon[i] -= celestial[i] / ERFA_DAU;
  return direction_of(moon);
}

double airmass_of(double altitude_deg) {
  if (std::isnan(altitude_deg)) return kNan;
  if (altitude_deg < 0.0) return std::numeric_limits<double>::infinity();
  const double h = std::min(altitude_deg, 90.0);
  const double lifted = h + 244.0 / (165.0 + 47.0 * std::pow(h, 1.1));
  // Above 89.9 deg the formula dips below 1 by 1e-6.
  return std::max(1.0, 1.0 / std::sin(lifted * ERFA_DD2R));
}

SkyPosition sun_position(double mjd_utc) {
  if (!std::isfinite(tt_from_utc(mjd_utc))) return kNowhere;
  double vector[3];
  sun_vector(mjd_utc, vector);
  return direction_of(vector);
}

SkyPosition moon_position(double mjd_utc) {
  if (!std::isfinite(tt_from_utc(mjd_utc))) return kNowhere;
  double vector[3];
  moon_vector(mjd_utc, vector);
  return direction_of(vector);
}

double moon_illumination(double mjd_utc) {
  if (!std::isfinite(tt_from_utc(mjd_utc))) return kNan;
  double moon[3];
  double sun[3];
  moon_vector(mjd_utc, moon);
  sun_vector(mjd_utc, sun);
  // Phase angle: at the Moon, between the Earth and the Sun.
  double to_earth[3];
  double to_sun[3];
  for (int i = 0; i < 3; ++i) {
    to_earth[i] = -moon[i];
    to_sun[i] = sun[i] - moon[i];
  }
  return 0.5 * (1.0 + std::cos(eraSepp(to_earth, to_sun)));
}

SkyPosition at_epoch(SkyPosition position, ProperMotion motion, double from_year, double to_year) {
  const double pmra = std::isfinite(motion.pmra_mas_per_yr) ? motion.pmra_mas_per_yr : 0.0;
  const double pmdec = std::isfinite(motion.pmdec_mas_per_yr) ? motion.pmdec_mas_per_yr : 0.0;
  if ((pmra == 0.0 && pmdec == 0.0) || !std::isfinite(to_year - from_year)) return position;
  // A straight line that touches the sphere: the gnomonic projection about the first position.
  const double years = to_year - from_year;
  return unproject_tan(position, {pmra * years * ERFA_DMAS2R, pmdec * years * ERFA_DMAS2R});
}

}  // namespace polis
