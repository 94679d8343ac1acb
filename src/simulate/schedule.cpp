#include <algorithm>
#include <cmath>
#include <cstdio>

#include "simulate/night.h"
#include "sky/coordinates.h"

namespace polis {
namespace {

constexpr double kSecond = 1.0 / 86400.0;
constexpr double kOverhead_s = 20.0;  ///< readout and pointing, between exposures

double sun_altitude(const SceneSite& site, double mjd) {
  const Observer observer(site.site(), mjd);
  return observer.to_horizon(sun_position(mjd)).altitude_deg;
}

/// When the site's night begins and ends (Sun below -15 deg) after the scene's noon; empty in polar
/// summer.
struct Dark {
  double begin = 0.0, end = 0.0;
};
Dark dark_hours(const Scene& scene, const SceneSite& site, int night) {
  constexpr double kStep = 5.0 / 1440.0;
  // The site's own noon, no earlier than the scene's.
  const double noon =
      scene.first_noon_mjd + night + std::remainder(-site.longitude_deg, 360.0) / 360.0;
  Dark dark;
  for (double t = noon; t < noon + 1.0; t += kStep) {
    if (sun_altitude(site, t) > -15.0) continue;
    if (dark.begin == 0.0) dark.begin = t;
    dark.end = t;
  }
  return dark;
}

/// Appends exposures of one site, numbering them.
struct Log {
  Night& night;
  int site;
  int night_number;
  int number;
  PlannedExposure& add(ImageType type, double mjd, double exposure_s) {
    PlannedExposure e;
    e.index = static_cast<int>(night.exposures.size());
    e.site = site;
    e.night = night_number;
    e.number = ++number;
    e.type = type;
    e.mjd_begin = mjd;
    e.exposure_s = exposure_s;
    char text[16];
    std::snprintf(text, sizeof text, "_%04d", number);
    e.name = night.scene.sites[static_cast<std::size_t>(site)].name + text;
    return night.exposures.emplace_back(std::move(e));
  }
};

/// Bias, dark and dome flat frames, in the afternoon before the night.
void add_calibrations(Log& log, double dusk) {
  const Scene& scene = log.night.scene;
  const SceneSite& site = scene.sites[static_cast<std::size_t>(log.site)];
  double t = dusk - 0.15;
  const auto add = [&](ImageType type, double exposure_s) -> PlannedExposure& {
    PlannedExposure& e = log.add(type, t, exposure_s);
    t += (exposure_s + kOverhead_s) * kSecond;
    return e;
  };
  for (int i = 0; i < scene.bias_frames; ++i) add(ImageType::bias, 0.0);
  for (int i = 0; i < scene.dark_frames; ++i) add(ImageType::dark, scene.dark_exposure_s);
  for (const std::string& filter : site.filter_list()) {
    for (int i = 0; i < scene.flat_frames; ++i) add(ImageType::flat, 5.0).filter = filter;
  }
}

/// Spreads the science exposures over the hours when their field stands high enough.
void add_science(Log& log, const Dark& dark) {
  const Scene& scene = log.night.scene;
  const SceneSite& site = scene.sites[static_cast<std::size_t>(log.site)];
  const std::vector<std::string> filters = site.filter_list();
  const int wanted = scene.science_frames * static_cast<int>(filters.size() * scene.fields.size());
  std::vector<double> free;  // starts of possible exposures
  const double step = (site.exposure_s + kOverhead_s) * kSecond;
  for (double t = dark.begin; t + step < dark.end; t += step) free.push_back(t);
  std::vector<bool> used(free.size(), false);
  for (int i = 0; i < wanted; ++i) {
    const std::size_t field = static_cast<std::size_t>(i) / filters.size() % scene.fields.size();
    const auto visible = [&](double t) {
      return Observer(site.site(), t).airmass(scene.fields[field]) <= scene.max_airmass;
    };
    std::vector<std::size_t> window;
    for (std::size_t s = 0; s < free.size(); s += std::max<std::size_t>(1, free.size() / 64)) {
      if (visible(free[s])) window.push_back(s);
    }
    if (window.empty()) continue;
    const std::size_t first = window.front();
    const std::size_t last = window.back();
    const std::size_t target = first + (last - first) * static_cast<std::size_t>(i) /
                                           static_cast<std::size_t>(std::max(1, wanted));
    std::size_t slot = target;
    while (slot < free.size() && used[slot]) ++slot;
    if (slot == free.size()) continue;
    used[slot] = true;
    PlannedExposure& e = log.add(ImageType::science, free[slot], site.exposure_s);
    e.filter = filters[static_cast<std::size_t>(i) % filters.size()];
    e.field = static_cast<int>(field);
    e.object = "field" + std::to_string(field);
  }
}

}  // namespace

Night make_night(Scene scene) {
  Night night;
  night.scene = std::move(scene);
  for (std::size_t s = 0; s < night.scene.sites.size(); ++s) {
    int number = 0;
    for (int n = 0; n < night.scene.nights; ++n) {
      const Dark dark = dark_hours(night.scene, night.scene.sites[s], n);
      if (dark.begin == 0.0) continue;
      Log log{night, static_cast<int>(s), n, number};
      add_calibrations(log, dark.begin);
      add_science(log, dark);
      number = log.number;
    }
  }
  night.variables = make_variables(night.scene);
  night.asteroids = make_asteroids(night.scene);
  return night;
}

Night make_night(std::string_view preset, std::uint64_t seed) {
  return make_night(scene_preset(preset, seed));
}

Night make_night(std::string_view preset, std::uint64_t seed, const SceneText& changes) {
  Scene scene = scene_preset(preset, seed);
  override_scene(scene, changes);
  return make_night(std::move(scene));
}

}  // namespace polis
