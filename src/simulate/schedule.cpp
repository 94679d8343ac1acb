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
  constexpr double kStep = 20.0 / 1440.0;
  // The site's own noon, no earlier than the scene's.
  const double noon = scene.noon_mjd(night) + std::remainder(-site.longitude_deg, 360.0) / 360.0;
  const auto is_dark = [&](double t) { return sun_altitude(site, t) < -15.0; };
  /// When it changes, between a moment that is dark and one that is not.
  const auto edge = [&](double dark_at, double light_at) {
    for (int i = 0; i < 12; ++i) {
      const double middle = 0.5 * (dark_at + light_at);
      (is_dark(middle) ? dark_at : light_at) = middle;
    }
    return dark_at;
  };
  Dark dark;
  for (double t = noon; t < noon + 1.0; t += kStep) {
    if (!is_dark(t)) {
      if (dark.begin == 0.0) continue;
      dark.end = edge(dark.end, t);
      break;
    }
    if (dark.begin == 0.0) dark.begin = t > noon ? edge(t, t - kStep) : t;
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

/// First and last slot in which a field stands high enough; empty if it never does.
struct Window {
  std::size_t first = 0, last = 0;
  bool empty = true;
};
Window window_of(const Scene& scene, const SceneSite& site, SkyPosition field,
                 const std::vector<double>& slots) {
  Window window;
  const std::size_t stride = std::max<std::size_t>(1, slots.size() / 48);
  for (std::size_t s = 0; s < slots.size(); s += stride) {
    if (Observer(site.site(), slots[s]).airmass(field) > scene.max_airmass) continue;
    if (window.empty) window.first = s;
    window.last = s;
    window.empty = false;
  }
  return window;
}

/// Spreads the science exposures over the hours when their field stands high enough.
void add_science(Log& log, const Dark& dark) {
  const Scene& scene = log.night.scene;
  const SceneSite& site = scene.sites[static_cast<std::size_t>(log.site)];
  const std::vector<std::string> filters = site.filter_list();
  std::vector<double> slots;
  const double step = (site.exposure_s + kOverhead_s) * kSecond;
  for (double t = dark.begin; t + step < dark.end; t += step) slots.push_back(t);
  std::vector<Window> windows;
  for (const SkyPosition& field : scene.fields)
    windows.push_back(window_of(scene, site, field, slots));
  std::vector<bool> used(slots.size(), false);
  const std::size_t wanted = static_cast<std::size_t>(std::max(0, scene.science_frames)) *
                             filters.size() * scene.fields.size();
  std::vector<std::pair<std::size_t, std::size_t>> plan;  // slot, wish
  for (std::size_t i = 0; i < wanted; ++i) {
    const Window& window = windows[i / filters.size() % scene.fields.size()];
    if (window.empty) continue;
    std::size_t slot = window.first + (window.last - window.first) * i / wanted;
    while (slot < slots.size() && used[slot]) ++slot;
    if (slot == slots.size()) continue;
    used[slot] = true;
    plan.emplace_back(slot, i);
  }
  std::sort(plan.begin(), plan.end());
  for (const auto& [slot, i] : plan) {
    const std::size_t field = i / filters.size() % scene.fields.size();
    PlannedExposure& e = log.add(ImageType::science, slots[slot], site.exposure_s);
    e.filter = filters[i % filters.size()];
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
