#include "simulate/weather.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "base/random.h"

namespace polis {
namespace {

constexpr double kRadian = std::numbers::pi / 180.0;

/// A smooth random function of time with variance 1 and periods of about 20 minutes to a day.
double wander(const Scene& scene, const SceneSite& site, const char* what, double mjd) {
  RandomStream random(scene.seed, std::string(what) + "/" + site.name);
  constexpr int kTerms = 12;
  double sum = 0.0;
  for (int i = 0; i < kTerms; ++i) {
    const double period_day = std::pow(10.0, -1.85 + 1.85 * (i + random.uniform()) / kTerms);
    const double phase = random.uniform();
    sum += std::cos(2.0 * std::numbers::pi * ((mjd - scene.first_noon_mjd) / period_day + phase));
  }
  return sum * std::sqrt(2.0 / kTerms);
}

/// Brightness of the sky in nanoLamberts, from magnitudes per square arcsecond in V (their eq. 1).
double nanolamberts(double mag) { return 34.08 * std::exp(20.7233 - 0.92104 * mag); }

/// Moonlight scattered into the line of sight (their eq. 15 - 21), in nanoLamberts.
double moonlight(double illumination, double separation_deg, double moon_zenith_deg,
                 double target_zenith_deg, double extinction) {
  if (moon_zenith_deg >= 90.0) return 0.0;
  const double phase_deg = std::acos(std::clamp(2.0 * illumination - 1.0, -1.0, 1.0)) / kRadian;
  const double moon =
      std::pow(10.0, -0.4 * (3.84 + 0.026 * phase_deg + 4.0e-9 * std::pow(phase_deg, 4.0)));
  const double rho = std::max(separation_deg, 1.0);
  const double cosine = std::cos(rho * kRadian);
  double scatter = std::pow(10.0, 5.36) * (1.06 + cosine * cosine);
  scatter += rho > 10.0 ? std::pow(10.0, 6.15 - rho / 40.0) : 6.2e7 / (rho * rho);
  const auto path = [](double zenith_deg) {
    const double s = std::sin(zenith_deg * kRadian);
    return 1.0 / std::sqrt(1.0 - 0.96 * s * s);
  };
  return scatter * moon * std::pow(10.0, -0.4 * extinction * path(moon_zenith_deg)) *
         (1.0 - std::pow(10.0, -0.4 * extinction * path(target_zenith_deg)));
}

void set_sky(const Scene& scene, const SceneSite& site, Band band, Conditions& c) {
  constexpr double kColour[] = {0.9, 0.0, -0.8};
  const double k = extinction_at_zenith(site, band);
  const double zenith = std::acos(std::clamp(1.0 / std::max(c.airmass, 1.0), 0.0, 1.0)) / kRadian;
  const double s = std::sin(zenith * kRadian);
  const double path = 1.0 / std::sqrt(1.0 - 0.96 * s * s);
  // Airglow: brighter towards the horizon, dimmed by the air below it.
  double sky = nanolamberts(site.sky_mag) * path * std::pow(10.0, -0.4 * k * (path - 1.0));
  double moon = scene.moonlight * moonlight(c.moon_illumination, c.moon_separation_deg,
                                            90.0 - c.moon_altitude_deg, zenith, k);
  moon *= 1.0 + 2.0 * std::min(c.cloud_mag, 1.5);  // clouds scatter more of it
  // Moonlight is bluer than the dark sky by about the solar colour's difference.
  constexpr double kMoonColour[] = {0.3, 0.0, -0.2};
  const auto i = static_cast<int>(band);
  const double total =
      sky * std::pow(10.0, -0.4 * kColour[i]) + moon * std::pow(10.0, -0.4 * kMoonColour[i]);
  c.sky_mag = (20.7233 - std::log(total / 34.08)) / 0.92104;
  // Twilight: below -18 deg it adds nothing, at -12 deg about 3 mag.
  if (c.sun_altitude_deg > -18.0) c.sky_mag -= 0.08 * std::pow(c.sun_altitude_deg + 18.0, 2.0);
}

}  // namespace

double extinction_at_zenith(const SceneSite& site, Band band) {
  constexpr double kClear[] = {0.17, 0.10, 0.06};
  return kClear[static_cast<int>(band)] * site.extinction_scale *
         std::exp(-site.altitude_m / 8000.0) * 1.3;
}

Conditions conditions_at(const Scene& scene, const SceneSite& site, Band band, SkyPosition target,
                         double mjd_utc) {
  Conditions c;
  const Observer observer(site.site(), mjd_utc);
  c.airmass = std::min(observer.airmass(target), 10.0);
  c.moon_altitude_deg = observer.to_horizon(observer.moon()).altitude_deg;
  c.moon_separation_deg = separation_arcsec(observer.moon(), target) / 3600.0;
  c.moon_illumination = moon_illumination(mjd_utc);
  c.sun_altitude_deg = observer.to_horizon(sun_position(mjd_utc)).altitude_deg;
  constexpr double kColour[] = {1.04, 1.0, 0.97};  // seeing goes as wavelength^-0.2
  c.seeing_arcsec = site.seeing_arcsec * kColour[static_cast<int>(band)] *
                    std::pow(c.airmass, 0.6) *
                    std::exp(site.seeing_wander * wander(scene, site, "seeing", mjd_utc));
  c.extinction_mag = extinction_at_zenith(site, band) * c.airmass *
                     (1.0 + 0.05 * wander(scene, site, "extinction", mjd_utc));
  const double thickness = wander(scene, site, "cloud", mjd_utc) + 0.3;
  c.cloud_mag = site.cloud_mag * std::max(0.0, thickness);
  for (double& gradient : c.cloud_gradient_mag) gradient = 0.0;
  if (c.cloud_mag > 0.0) {
    c.cloud_gradient_mag[0] = 0.1 * c.cloud_mag * wander(scene, site, "cloud x", mjd_utc);
    c.cloud_gradient_mag[1] = 0.1 * c.cloud_mag * wander(scene, site, "cloud y", mjd_utc);
  }
  set_sky(scene, site, band, c);
  return c;
}

}  // namespace polis
