#include "sky/follow_candidates.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "sky/object_names.h"
#include "sky/sky_history.h"

namespace polis {
namespace {

bool within(double value, double low, double high) {
  return !std::isfinite(value) || (value >= low && value <= high);
}

/// Rows that become alerts, the most probable first.
std::vector<std::size_t> choose_alerts(const SkyHistory& history, const FollowSettings& settings,
                                       std::size_t& dropped) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < history.rows.size(); ++i) {
    const HistoryRow& row = history.rows[i];
    if (row.is_new() &&
        is_above(row.detection, history.frame_of(row), settings.min_probability, settings.cut))
      chosen.push_back(i);
  }
  const auto rank = [&](std::size_t i) {
    const SkyDetection& d = history.rows[i].detection;
    return std::tuple(is_judged(d) ? -d.p_real_transient : 0.0, -d.snr, i);
  };
  std::sort(chosen.begin(), chosen.end(),
            [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  std::map<std::int32_t, int> per_frame;
  dropped = std::erase_if(chosen, [&](std::size_t i) {
    return ++per_frame[history.rows[i].detection.frame] > settings.most_alerts_per_frame;
  });
  return chosen;
}

std::string caveat_of(const SkyDetection& d, const SkyObject& object) {
  std::string caveat;
  if (!is_judged(d)) caveat = "no network has judged it: cut in S/N and shape only";
  if (object.tag == "pair")
    caveat += (caveat.empty() ? "" : "; ") + std::string("motion from two detections only");
  return caveat;
}

Alert alert_of(const AlertSet& set, std::size_t row) {
  const SkyDetection& d = set.detections[row];
  const SearchedFrame& frame = set.frame_of(d);
  const SkyObject& object = set.objects[static_cast<std::size_t>(d.object)];
  Alert a;
  a.candid = d.alert;
  a.object = object.name;
  a.detection = static_cast<std::int32_t>(row);
  a.exposure_id = frame.exposure_id;
  a.site = frame.site;
  a.physical_filter = frame.physical_filter;
  a.mjd_mid = frame.mjd_mid;
  a.ra_deg = d.ra_deg;
  a.dec_deg = d.dec_deg;
  a.mag = d.mag;
  a.mag_error = d.mag_error;
  a.snr = d.snr;
  a.p_real_transient = d.p_real_transient;
  a.label = d.label;
  a.tag = object.tag;
  for (const SkyDetection& other : set.detections)
    a.earlier += other.object == d.object && set.frame_of(other).mjd_mid < frame.mjd_mid ? 1 : 0;
  a.caveat = caveat_of(d, object);
  return a;
}

/// What was not seen of the objects that raised alerts.
std::vector<SkyLimit> find_limits(const AlertSet& set) {
  std::set<std::pair<std::int32_t, std::int32_t>> seen;
  for (const SkyDetection& d : set.detections) seen.emplace(d.object, d.frame);
  std::vector<SkyLimit> limits;
  for (std::size_t k = 0; k < set.objects.size(); ++k) {
    const SkyObject& object = set.objects[k];
    if (object.alerts == 0 || object.moving != 0) continue;
    for (std::size_t f = 0; f < set.frames.size(); ++f) {
      const SkyLimit limit{static_cast<std::int32_t>(k), static_cast<std::int32_t>(f)};
      if (set.frames[f].covers(object.position()) && !seen.contains({limit.object, limit.frame}))
        limits.push_back(limit);
    }
  }
  return limits;
}

}  // namespace

bool is_judged(const Candidate& candidate) { return std::isfinite(candidate.p_real_transient); }

bool passes(const PlainCut& cut, const Candidate& c, const SearchedFrame& frame) {
  const double ratio = c.fwhm_px / frame.fwhm_px;
  return c.snr >= cut.least_snr && within(c.elongation, 0.0, cut.most_elongation) &&
         within(ratio, cut.least_fwhm_ratio, cut.most_fwhm_ratio) &&
         within(c.dipole, 0.0, cut.most_dipole) && c.negative_pixels <= cut.most_negative_pixels &&
         c.masked_pixels <= cut.most_masked_pixels;
}

std::string tag_of(const SkyObject& object, const SkyDetection& latest) {
  constexpr double kOnSource = 1.5;  // [px]
  if (object.moving != 0) return object.detections > 2 ? "moving" : "pair";
  if (object.known_id != 0) return "known_star";
  if (latest.source_extended != 0 && std::isfinite(latest.source_distance_px)) return "galaxy";
  if (latest.source_distance_px <= kOnSource) return "variable";
  return "orphan";
}

Followed follow_candidates(const AlertSet& earlier, const std::vector<CandidateFrame>& frames,
                           const std::vector<KnownStar>& known, const FollowSettings& settings) {
  SkyHistory history = gather_history(earlier, frames, settings);
  Followed result;
  result.repeated = history.repeated;
  AlertSet& set = result.set;
  set.objects = sort_into_objects(history, earlier, known, settings);
  result.untried = history.untried;
  const std::vector<std::size_t> chosen = choose_alerts(history, settings, result.dropped);
  for (std::size_t i : chosen) {
    SkyDetection& d = history.rows[i].detection;
    d.alert = candid_of(history.frame_of(history.rows[i]), d);
    ++set.objects[static_cast<std::size_t>(d.object)].alerts;
    result.sources.push_back(history.rows[i].source);
  }
  set.frames = std::move(history.frames);
  for (HistoryRow& row : history.rows) set.detections.push_back(std::move(row.detection));
  for (std::size_t i : chosen) set.alerts.push_back(alert_of(set, i));
  set.limits = find_limits(set);
  return result;
}

}  // namespace polis
