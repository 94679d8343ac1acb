#include "tasks/alert_requests.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "tasks/frame_chain.h"

namespace polis {
namespace {

std::string brief(double value, const char* format) {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// First alert of each object, in the order of the alerts.
std::vector<const Alert*> one_per_object(const AlertSet& set) {
  std::vector<const Alert*> result;
  std::set<std::string> seen;
  for (const Alert& alert : set.alerts) {
    if (seen.insert(alert.object).second) result.push_back(&alert);
  }
  return result;
}

std::string why(const AlertSet& set, const Alert& alert) {
  const SkyObject& object = set.object_of(alert);
  std::string text = "new " + object.tag;
  if (std::isfinite(alert.mag)) text += " of mag " + brief(alert.mag, "%.2f");
  text += ", S/N " + brief(alert.snr, "%.3g");
  if (std::isfinite(alert.p_real_transient)) text += ", p " + brief(alert.p_real_transient, "%.3f");
  if (object.moving != 0) {
    text += ", moves " +
            brief(std::hypot(object.rate_ra_arcsec_per_h, object.rate_dec_arcsec_per_h), "%.3g") +
            " arcsec/h";
  }
  return text;
}

/// Worth a telescope's time: nothing known is at the place, and it is not a star that varies.
bool deserves_observation(const SkyObject& object) {
  return object.tag == "orphan" || object.tag == "galaxy" || object.tag == "moving";
}

void ask_for_observations(const AlertSet& set, const AlertFollowUp& wanted, const InputRef& own,
                          RequestMaker& maker) {
  constexpr int kPriority = 40;
  int asked = 0;
  for (const Alert* alert : one_per_object(set)) {
    const SkyObject& object = set.object_of(*alert);
    if (!deserves_observation(object) || asked >= wanted.most_observations) continue;
    Request request;
    request.task = "observe";
    request.input.entries = {input("alerts", own)};
    request.reason = why(set, *alert);
    request.parameters = {{"object", object.name},
                          {"goal", object.moving != 0 ? "recover_moving" : "confirm_new"},
                          {"why", request.reason},
                          {"observe_priority", std::to_string(kPriority)}};
    request.priority = kPriority;
    request.label = object.name;
    request.group = "observe";
    request.cost = 0.1;
    maker.add(std::move(request));
    ++asked;
  }
}

/// Frames of the last days, with their catalogs.
std::vector<FrameProducts> frames_to_measure(const AlertSet& set, double days, Reader& reader) {
  if (!reader.bundle().has("frame") || !reader.bundle().has("catalog")) return {};
  double latest = -1e30;
  for (const Alert& alert : set.alerts) latest = std::fmax(latest, alert.mjd_mid);
  std::vector<FrameProducts> frames = read_frame_products(reader);
  std::erase_if(
      frames, [&](const FrameProducts& p) { return p.exposure.exposure.mjd_mid < latest - days; });
  return frames;
}

void ask_for_photometry(const AlertSet& set, const AlertFollowUp& wanted, const InputRef& own,
                        Reader& reader, RequestMaker& maker) {
  const std::vector<FrameProducts> frames = frames_to_measure(set, wanted.days, reader);
  const std::size_t targets = alert_targets(set, wanted.most_objects).size();
  if (frames.empty() || targets == 0) return;
  constexpr int kPriority = 30;
  Request request;
  request.task = "collect_targets";
  for (const FrameProducts& products : frames) add_frame(products, products.catalog, request.input);
  request.input.entries.push_back(input("targets", own));
  if (maker.settings_entry()) request.input.entries.push_back(*maker.settings_entry());
  request.parameters = {
      {"max_targets", std::to_string(static_cast<int>(targets) + wanted.comparison_stars)}};
  request.priority = kPriority;
  request.label = "alerts of " + set.alerts.front().exposure_id;
  request.group = "field alerts " + set.alerts.front().object;
  request.cost = 0.02 * static_cast<double>(frames.size());
  request.reason =
      std::to_string(targets) + " objects with alerts: forced photometry, light curves";
  maker.add(std::move(request));
}

}  // namespace

std::vector<Target> alert_targets(const AlertSet& set, int most) {
  std::vector<Target> targets;
  for (const Alert* alert : one_per_object(set)) {
    const SkyObject& object = set.object_of(*alert);
    if (object.moving != 0 || static_cast<int>(targets.size()) >= most) continue;
    targets.push_back({object.name, object.position(), "new", set.detection_of(*alert).flux_e,
                       object.detections});
  }
  return targets;
}

void ask_for_follow_up(const AlertSet& set, const AlertFollowUp& wanted, const InputRef& own,
                       Reader& reader, RequestMaker& maker) {
  if (set.alerts.empty()) return;
  if (wanted.photometry) ask_for_photometry(set, wanted, own, reader, maker);
  if (wanted.observation) ask_for_observations(set, wanted, own, maker);
}

}  // namespace polis
