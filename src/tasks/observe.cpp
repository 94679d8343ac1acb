#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/observation_json.h"
#include "observing/visibility.h"
#include "sky/time.h"
#include "tasks/light_curve_tables.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"star", "0", "id in the list of targets"},
    {"goal", "confirm_new", "next_transit, phase_coverage, confirm_new, confirm_missing"},
    {"why", "", "one sentence for people"},
    {"observe_priority", "0", "larger first"},
    {"mid_time", "0", "of a dip that was seen; 0: none [day, in the light curves' time system]"},
    {"period_days", "0", "0: not known [day]"},
    {"days_ahead", "7", "windows are given for this long after the last frame [day]"},
    {"max_airmass", "2", "the target is higher than this"},
    {"sun_altitude_deg", "-12", "the Sun is lower than this [deg]"},
    {"moon_distance_deg", "20", "the Moon, when up, is farther than this [deg]"},
};

constexpr double kJulianDate = 2400000.5;

double number_in(const Facts& facts, const char* name) {
  const auto found = facts.find(name);
  return found == facts.end() ? kUnknown : std::strtod(found->second.c_str(), nullptr);
}

Site site_in(const Facts& facts) {
  Site site;
  if (const auto found = facts.find("site"); found != facts.end()) site.name = found->second;
  site.latitude_deg = number_in(facts, "latitude_deg");
  site.longitude_deg = number_in(facts, "longitude_deg");
  const double altitude = number_in(facts, "altitude_m");
  site.altitude_m = std::isfinite(altitude) ? altitude : 0.0;
  return site;
}

const StarCurve& curve_of(const std::vector<StarCurve>& curves, std::int64_t star) {
  const auto found =
      std::find_if(curves.begin(), curves.end(), [&](const StarCurve& c) { return c.id == star; });
  if (found == curves.end()) {
    throw Error(ErrorKind::not_found, "cannot ask for star " + std::to_string(star),
                "the light curves do not have it");
  }
  return *found;
}

/// Windows that hold a predicted event, where the period is known; otherwise all.
bool holds_event(const VisibilityWindow& window, double mid_time, double period) {
  if (!(period > 0.0) || !(mid_time > 0.0)) return true;
  const double cycles = std::ceil((window.begin_mjd + kJulianDate - mid_time) / period);
  return mid_time + cycles * period <= window.end_mjd + kJulianDate;
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const Artifact artifact = reader.open("light_curves");
  const auto& set = artifact.as<TableSet>();
  const std::vector<StarCurve> curves = read_curves(set);
  const StarCurve& curve = curve_of(curves, parameters.integer("star"));
  ObservationRequest request;
  request.target = curve.name.empty() ? "star " + std::to_string(curve.id) : curve.name;
  request.position = curve.position;
  request.why = parameters.text("why");
  request.goal = parameters.text("goal");
  request.priority = parameters.integer("observe_priority");
  request.max_airmass = parameters.number("max_airmass");
  if (const auto found = set.facts.find("physical_filter"); found != set.facts.end())
    request.filter = found->second;
  const double exposure = number_in(set.facts, "exposure_time_s");
  if (exposure > 0.0) request.exposure_time_s = exposure;

  const VisibilityLimits limits{request.max_airmass, parameters.number("sun_altitude_deg"),
                                parameters.number("moon_distance_deg")};
  const auto& mjd = set.at("frames").get<double>("mjd_mid");
  const double from = mjd.empty() ? kUnknown : *std::max_element(mjd.begin(), mjd.end());
  const Site site = site_in(set.facts);
  for (const VisibilityWindow& window : visibility_windows(
           site, curve.position, from, from + parameters.number("days_ahead"), limits)) {
    if (!holds_event(window, parameters.number("mid_time"), parameters.number("period_days")))
      continue;
    request.windows.push_back({site.name, iso_from_mjd(window.begin_mjd),
                               iso_from_mjd(window.end_mjd), iso_from_mjd(window.best_mjd),
                               std::round(window.least_airmass * 1000.0) / 1000.0});
  }
  return {Artifact::of("document", write_observation(request)), {}};
}

}  // namespace

Task observe_task() {
  return {"observe",
          1,
          "document",
          "writes a request for an observation, with the times when its site can see the target: "
          "role light_curves",
          kParameters,
          run};
}

}  // namespace polis
