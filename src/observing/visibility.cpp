#include "observing/visibility.h"

#include <cmath>

namespace polis {
namespace {

constexpr double kMinutesPerDay = 1440.0;

bool dark_and_clear_of_moon(const Observer& observer, SkyPosition position,
                            const VisibilityLimits& limits) {
  const double sun = observer.to_horizon(sun_position(observer.mjd_utc())).altitude_deg;
  if (!(sun < limits.sun_altitude_deg)) return false;
  const SkyPosition moon = observer.moon();
  const bool moon_is_up = observer.to_horizon(moon).altitude_deg > 0.0;
  return !moon_is_up || separation_arcsec(moon, position) > limits.moon_distance_deg * 3600.0;
}

}  // namespace

bool is_visible(const Site& site, SkyPosition position, double mjd_utc,
                const VisibilityLimits& limits) {
  const Observer observer(site, mjd_utc);
  return observer.airmass(position) <= limits.max_airmass &&
         dark_and_clear_of_moon(observer, position, limits);
}

std::vector<VisibilityWindow> visibility_windows(const Site& site, SkyPosition position,
                                                 double from_mjd, double to_mjd,
                                                 const VisibilityLimits& limits,
                                                 double step_minutes) {
  std::vector<VisibilityWindow> windows;
  if (!site.known() || !std::isfinite(to_mjd - from_mjd) || !(step_minutes > 0.0)) return windows;
  const double step = step_minutes / kMinutesPerDay;
  const auto count = static_cast<std::ptrdiff_t>(std::floor((to_mjd - from_mjd) / step));
  bool open = false;
  for (std::ptrdiff_t i = 0; i <= count; ++i) {
    const double mjd = from_mjd + static_cast<double>(i) * step;
    const Observer observer(site, mjd);
    const double airmass = observer.airmass(position);
    const bool visible =
        airmass <= limits.max_airmass && dark_and_clear_of_moon(observer, position, limits);
    if (visible && !open) windows.push_back({mjd, mjd, mjd, airmass});
    if (visible) {
      VisibilityWindow& window = windows.back();
      window.end_mjd = mjd;
      if (airmass < window.least_airmass) {
        window.best_mjd = mjd;
        window.least_airmass = airmass;
      }
    }
    open = visible;
  }
  return windows;
}

}  // namespace polis
