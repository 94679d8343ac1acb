#include <algorithm>
#include <cctype>
#include <cmath>

#include "formats/alert_exits.h"
#include "formats/alert_schema.h"
#include "formats/avro_container.h"
#include "formats/fits_write.h"
#include "formats/gzip.h"
#include "sky/object_names.h"

namespace polis {
namespace {

constexpr double kJulianDate = 2400000.5;
constexpr double kSecondsPerDay = 86400.0;
constexpr double kHistoryDays = 30.0;

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

/// ZTF numbers its filters: 1 g, 2 r, 3 i. 0: another one.
int filter_number(const std::string& filter) {
  if (filter.empty()) return 0;
  const bool alone = filter.size() == 1 || std::ispunct(filter[filter.size() - 2]) != 0;
  const char band = static_cast<char>(std::tolower(filter.back()));
  const auto number = std::string_view("gri").find(band);
  return alone && number != std::string_view::npos ? static_cast<int>(number) + 1 : 0;
}

double start_jd(const SearchedFrame& frame) {
  const double half = std::isfinite(frame.exposure_time_s) ? 0.5 * frame.exposure_time_s : 0.0;
  return frame.mjd_mid + kJulianDate - half / kSecondsPerDay;
}

/// What alerts and their history say of a frame.
Json frame_members(const SearchedFrame& frame) {
  return {{"jd", start_jd(frame)},
          {"fid", filter_number(frame.physical_filter)},
          {"pid", frame_number(frame)},
          {"diffmaglim", number_or_null(frame.limiting_mag)},
          {"pdiffimfilename", frame.key() + " " + frame.physical_filter},
          {"programid", 0},
          {"magzpsci", number_or_null(frame.zero_point_mag)},
          {"magzpsciunc", number_or_null(frame.zero_point_error_mag)},
          {"rbversion", "none"}};
}

/// What both say of a detection.
void add_detection(const SkyDetection& d, const SearchedFrame& frame, const SkyObject& object,
                   Json& json) {
  json["candid"] = d.alert != 0 ? d.alert : candid_of(frame, d);
  json["isdiffpos"] = d.sign > 0 ? "t" : "f";
  json["tblid"] = d.id;
  json["xpos"] = number_or_null(d.x + 1.0);  // FITS counts from 1
  json["ypos"] = number_or_null(d.y + 1.0);
  json["ra"] = d.ra_deg;
  json["dec"] = d.dec_deg;
  json["magpsf"] = d.mag;
  json["sigmapsf"] = d.mag_error;
  json["chipsf"] = number_or_null(d.chi2);
  json["distnr"] = number_or_null(d.source_distance_px);
  json["magnr"] = number_or_null(d.source_mag);
  json["fwhm"] = number_or_null(d.fwhm_px);
  json["mindtoedge"] = number_or_null(d.edge_distance_px);
  json["seeratio"] = number_or_null(d.fwhm_px / frame.fwhm_px);
  json["elong"] = number_or_null(d.elongation);
  json["nneg"] = d.negative_pixels;
  json["nbad"] = d.masked_pixels;
  json["scorr"] = number_or_null(d.snr);
  json["ranr"] = object.known_ra_deg;
  json["decnr"] = object.known_dec_deg;
}

Json candidate_members(const AlertSet& set, const Alert& alert) {
  const SkyDetection& d = set.detection_of(alert);
  const SearchedFrame& frame = set.frame_of(d);
  const SkyObject& object = set.object_of(alert);
  Json json = frame_members(frame);
  add_detection(d, frame, object, json);
  json["ndethist"] = alert.earlier + 1;
  json["ncovhist"] = object.frames_covered;
  json["jdstarthist"] = number_or_null(object.mjd_first + kJulianDate);
  json["jdendhist"] = number_or_null(frame.mjd_mid + kJulianDate);
  json["nmtchps"] = 0;
  json["rfid"] = 0;
  json["jdstartref"] = frame.reference_mjd_first + kJulianDate;
  json["jdendref"] = frame.reference_mjd_last + kJulianDate;
  json["nframesref"] = frame.reference_exposures;
  json["nmatches"] = 0;
  json["exptime"] = number_or_null(frame.exposure_time_s);
  json["drb"] = number_or_null(d.p_real_transient);
  json["drbversion"] = frame.network.empty() ? "none" : frame.network;
  return json;
}

/// Detections and limits of the last days before the alert's frame; null if there are none.
Json history_members(const AlertSet& set, const Alert& alert) {
  const SkyDetection& own = set.detection_of(alert);
  const SkyObject& object = set.object_of(alert);
  Json list = Json::array();
  for (const HistoryPoint& point : history_of(set, own.object)) {
    const double age = alert.mjd_mid - point.frame->mjd_mid;
    if (!(age > 0.0) || age > kHistoryDays) continue;
    Json json = frame_members(*point.frame);
    if (point.detection != nullptr) {
      add_detection(*point.detection, *point.frame, object, json);
      json["ranr"] = number_or_null(object.known_ra_deg);
      json["decnr"] = number_or_null(object.known_dec_deg);
    }
    list.push_back(std::move(json));
  }
  return list.empty() ? Json() : list;
}

Json cutout_member(const AlertSet& set, const NumberArray& array, std::size_t alert) {
  const Bytes zipped = deflate_gzip(cutout_fits(set, array, alert), 6);
  Json::binary_t bytes;
  for (const std::byte b : zipped) bytes.push_back(std::to_integer<std::uint8_t>(b));
  return {{"fileName", std::to_string(set.alerts[alert].candid) + "_" + array.name + ".fits.gz"},
          {"stampData", Json::binary(std::move(bytes))}};
}

Json packet_of(const AlertSet& set, std::size_t i) {
  const Alert& alert = set.alerts[i];
  return {{"schemavsn", kZtfSchemaVersion},
          {"publisher", "Astropolis"},
          {"objectId", alert.object},
          {"candid", alert.candid},
          {"candidate", candidate_members(set, alert)},
          {"prv_candidates", history_members(set, alert)},
          {"cutoutScience", cutout_member(set, set.science, i)},
          {"cutoutTemplate", cutout_member(set, set.reference, i)},
          {"cutoutDifference", cutout_member(set, set.difference, i)}};
}

}  // namespace

Bytes cutout_fits(const AlertSet& set, const NumberArray& array, std::size_t alert) {
  const Alert& a = set.alerts.at(alert);
  const std::ptrdiff_t height = array.shape.at(1), width = array.shape.at(2);
  FitsHduOut hdu;
  hdu.header.set_text("OBJECT", a.object)
      .set_integer("CANDID", a.candid)
      .set_text("EXPOSURE", a.exposure_id)
      .set_text("FILTER", a.physical_filter)
      .set_text("BUNIT", array.unit)
      .set_number("MJD-MID", a.mjd_mid, "[d] UTC")
      .set_number("RA_CAND", a.ra_deg, "[deg] ICRS, at the centre")
      .set_number("DEC_CAND", a.dec_deg, "[deg]");
  const float* first = array.values.data() + static_cast<std::ptrdiff_t>(alert) * height * width;
  hdu.pixels = View<const float>(first, width, height);
  return write_fits(std::span(&hdu, 1));
}

Bytes write_alert_packets(const AlertSet& set) {
  std::vector<Json> packets;
  for (std::size_t i = 0; i < set.alerts.size(); ++i) packets.push_back(packet_of(set, i));
  return write_avro(ztf_alert_schema(), packets);
}

Bytes write_alert_packet(const AlertSet& set, const Alert& alert) {
  const Json packet = packet_of(set, static_cast<std::size_t>(&alert - set.alerts.data()));
  return write_avro(ztf_alert_schema(), std::span(&packet, 1));
}

}  // namespace polis
