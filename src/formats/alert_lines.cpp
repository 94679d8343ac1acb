#include <array>
#include <cmath>
#include <cstdio>

#include "formats/alert_exits.h"
#include "formats/json_text.h"
#include "sky/time.h"

namespace polis {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson known(double value) { return std::isfinite(value) ? OrderedJson(value) : nullptr; }

OrderedJson probabilities_of(const SkyDetection& d) {
  if (!std::isfinite(d.p_real_transient)) return nullptr;
  OrderedJson json;
  for (const CandidateClass& c : candidate_classes())
    json[std::string(c.name)] = known(d.*c.probability);
  return json;
}

OrderedJson history_json(const AlertSet& set, const Alert& alert) {
  OrderedJson list = OrderedJson::array();
  for (const HistoryPoint& point : history_of(set, set.detection_of(alert).object)) {
    OrderedJson json{{"mjd_mid", known(point.frame->mjd_mid)},
                     {"exposure_id", point.frame->exposure_id},
                     {"site", point.frame->site},
                     {"filter", point.frame->physical_filter}};
    if (point.detection != nullptr) {
      json["mag"] = known(point.detection->mag);
      json["mag_error"] = known(point.detection->mag_error);
      json["sign"] = point.detection->sign;
      json["p_real_transient"] = known(point.detection->p_real_transient);
    } else {
      json["fainter_than_mag"] = known(point.frame->limiting_mag);
    }
    list.push_back(std::move(json));
  }
  return list;
}

OrderedJson object_json(const SkyObject& object) {
  OrderedJson json{{"name", object.name},
                   {"tag", object.tag},
                   {"ra_deg", known(object.ra_deg)},
                   {"dec_deg", known(object.dec_deg)},
                   {"error_arcsec", known(object.error_arcsec)},
                   {"detections", object.detections},
                   {"frames_covered", object.frames_covered}};
  if (object.known_id != 0) json["known_id"] = object.known_id;
  if (object.moving != 0) {
    json["rate_ra_arcsec_per_h"] = known(object.rate_ra_arcsec_per_h);
    json["rate_dec_arcsec_per_h"] = known(object.rate_dec_arcsec_per_h);
    json["chance"] = known(object.chance);
  }
  return json;
}

OrderedJson alert_json(const AlertSet& set, const Alert& alert) {
  const SkyDetection& d = set.detection_of(alert);
  const SearchedFrame& frame = set.frame_of(d);
  OrderedJson json{{"candid", alert.candid},
                   {"object", object_json(set.object_of(alert))},
                   {"exposure_id", alert.exposure_id},
                   {"instrument", frame.instrument},
                   {"detector", frame.detector},
                   {"site", alert.site},
                   {"filter", alert.physical_filter},
                   {"utc_mid", iso_from_mjd(alert.mjd_mid)},
                   {"mjd_mid", known(alert.mjd_mid)},
                   {"ra_deg", known(alert.ra_deg)},
                   {"dec_deg", known(alert.dec_deg)},
                   {"x", known(d.x)},
                   {"y", known(d.y)},
                   {"mag", known(alert.mag)},
                   {"mag_error", known(alert.mag_error)},
                   {"snr", known(alert.snr)},
                   {"sign", d.sign},
                   {"fwhm_px", known(d.fwhm_px)},
                   {"elongation", known(d.elongation)},
                   {"limiting_mag", known(frame.limiting_mag)},
                   {"network", frame.network},
                   {"class", alert.label},
                   {"probabilities", probabilities_of(d)},
                   {"history", history_json(set, alert)}};
  if (!alert.caveat.empty()) json["caveat"] = alert.caveat;
  return json;
}

const char* colour_of(const std::string& tag) {
  if (tag == "moving" || tag == "pair") return "cyan";
  if (tag == "known_star" || tag == "variable") return "yellow";
  return tag == "galaxy" ? "magenta" : "green";
}

std::string region_of(const AlertSet& set, const Alert& alert) {
  const SkyObject& object = set.object_of(alert);
  std::array<char, 200> line{};
  std::snprintf(line.data(), line.size(), "circle(%.7f,%.7f,3.0\") # color=%s text={%s %.2f}\n",
                alert.ra_deg, alert.dec_deg, colour_of(object.tag), object.name.c_str(), alert.mag);
  return line.data();
}

std::string motion_of(const SkyObject& object) {
  constexpr double kDegPerRad = 57.29577951308232;
  const double rate = std::hypot(object.rate_ra_arcsec_per_h, object.rate_dec_arcsec_per_h);
  // ds9 counts from the first axis (west on the sky) through the second (north).
  const double angle =
      std::atan2(object.rate_dec_arcsec_per_h, -object.rate_ra_arcsec_per_h) * kDegPerRad;
  std::array<char, 200> line{};
  std::snprintf(line.data(), line.size(),
                "# vector(%.7f,%.7f,%.2f\",%.2f) vector=1 color=cyan text={1 h}\n", object.ra_deg,
                object.dec_deg, rate, angle < 0.0 ? angle + 360.0 : angle);
  return line.data();
}

}  // namespace

std::string write_alert_lines(const AlertSet& set) {
  std::string text;
  for (const Alert& alert : set.alerts)
    text += alert_json(set, alert).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return text;
}

std::string write_alert_regions(const AlertSet& set) {
  std::string text = "# Region file format: DS9 version 4.1\nglobal color=green\nicrs\n";
  for (const Alert& alert : set.alerts) text += region_of(set, alert);
  for (const SkyObject& object : set.objects) {
    if (object.moving != 0) text += motion_of(object);
  }
  return text;
}

}  // namespace polis
