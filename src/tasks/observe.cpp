#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/observation_json.h"
#include "observing/visibility.h"
#include "sky/alert.h"
#include "sky/time.h"
#include "tasks/light_curve_tables.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"star", "0", "id in the list of targets"},
    {"object", "", "name of an object that raised an alert"},
    {"goal", "confirm_new",
     "next_transit, phase_coverage, confirm_new, confirm_missing, confirm_changed, recover_moving"},
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

/// What is to be observed, and who can.
struct Subject {
  std::string name, filter;
  SkyPosition position;
  double magnitude = ObservationRequest::kNoMagnitude;
  double exposure_time_s = kUnknown;
  double from_mjd = kUnknown;  ///< of the last frame
  std::vector<Site> sites;
};

Subject star_of(const TableSet& set, std::int64_t star) {
  const std::vector<StarCurve> curves = read_curves(set);
  const StarCurve& curve = curve_of(curves, star);
  Subject subject;
  subject.name = curve.name.empty() ? "star " + std::to_string(curve.id) : curve.name;
  subject.position = curve.position;
  if (const auto found = set.facts.find("physical_filter"); found != set.facts.end())
    subject.filter = found->second;
  subject.exposure_time_s = number_in(set.facts, "exposure_time_s");
  const auto& mjd = set.at("frames").get<double>("mjd_mid");
  if (!mjd.empty()) subject.from_mjd = *std::max_element(mjd.begin(), mjd.end());
  subject.sites = {site_in(set.facts)};
  return subject;
}

Subject object_of(const AlertSet& set, const std::string& name) {
  Subject subject;
  const Alert* latest = nullptr;
  for (const Alert& alert : set.alerts) {
    if (alert.object == name && (latest == nullptr || alert.mjd_mid > latest->mjd_mid))
      latest = &alert;
  }
  if (latest == nullptr)
    throw Error(ErrorKind::not_found, "cannot ask for object " + name, "no alert tells of it");
  const SearchedFrame& frame = set.frame_of(set.detection_of(*latest));
  subject.name = name;
  subject.position = {latest->ra_deg, latest->dec_deg};
  subject.filter = frame.physical_filter;
  subject.exposure_time_s = frame.exposure_time_s;
  if (std::isfinite(latest->mag)) subject.magnitude = std::round(latest->mag * 100.0) / 100.0;
  for (const SearchedFrame& f : set.frames) {
    subject.from_mjd = std::fmax(subject.from_mjd, f.mjd_mid);
    const bool known = std::any_of(subject.sites.begin(), subject.sites.end(),
                                   [&](const Site& site) { return site.name == f.site; });
    if (!known) subject.sites.push_back(f.where());
  }
  return subject;
}

Subject read_subject(const Parameters& parameters, Reader& reader) {
  if (reader.bundle().has("alerts")) {
    const Artifact artifact = reader.open("alerts");
    return object_of(read_alerts(artifact.as<TableSet>()), parameters.text("object"));
  }
  return star_of(reader.open("light_curves").as<TableSet>(), parameters.integer("star"));
}

std::vector<ObservationWindow> windows_for(const Parameters& parameters, const Subject& subject) {
  const VisibilityLimits limits{parameters.number("max_airmass"),
                                parameters.number("sun_altitude_deg"),
                                parameters.number("moon_distance_deg")};
  std::vector<ObservationWindow> windows;
  for (const Site& site : subject.sites) {
    for (const VisibilityWindow& window :
         visibility_windows(site, subject.position, subject.from_mjd,
                            subject.from_mjd + parameters.number("days_ahead"), limits)) {
      if (!holds_event(window, parameters.number("mid_time"), parameters.number("period_days")))
        continue;
      windows.push_back({site.name, iso_from_mjd(window.begin_mjd), iso_from_mjd(window.end_mjd),
                         iso_from_mjd(window.best_mjd),
                         std::round(window.least_airmass * 1000.0) / 1000.0});
    }
  }
  return windows;
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const Subject subject = read_subject(parameters, reader);
  ObservationRequest request;
  request.target = subject.name;
  request.position = subject.position;
  request.magnitude = subject.magnitude;
  request.why = parameters.text("why");
  request.goal = parameters.text("goal");
  request.priority = parameters.integer("observe_priority");
  request.max_airmass = parameters.number("max_airmass");
  request.filter = subject.filter;
  if (subject.exposure_time_s > 0.0) request.exposure_time_s = subject.exposure_time_s;
  request.windows = windows_for(parameters, subject);
  return {Artifact::of("document", write_observation(request)), {}};
}

}  // namespace

Task observe_task() {
  return {"observe",
          1,
          "document",
          "writes a request for an observation, with the times when sites can see the target: role "
          "light_curves, or alerts",
          kParameters,
          run};
}

}  // namespace polis
