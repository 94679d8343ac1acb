#include <algorithm>
#include <array>

#include "base/error.h"
#include "sky/alert.h"

namespace polis {
namespace {

using O = SkyObject;
using A = Alert;
using D = SkyDetection;

const std::array<Field<SkyObject>, 22> kObjectFields{{
    {"object", "", "meta.id;meta.main", "name", &O::name},
    {"tag", "", "meta.note", "what is known of it", &O::tag},
    {"ra", "deg", "pos.eq.ra", "ICRS, mean of the detections", &O::ra_deg},
    {"dec", "deg", "pos.eq.dec", "", &O::dec_deg},
    {"error_arcsec", "arcsec", "stat.error;pos", "1 sigma, per axis", &O::error_arcsec},
    {"mjd_first", "d", "time.start", "UTC, of the detections", &O::mjd_first},
    {"mjd_last", "d", "time.end", "", &O::mjd_last},
    {"mjd_mean", "d", "time.epoch", "of the position", &O::mjd_mean},
    {"detections", "", "meta.number", "", &O::detections},
    {"frames_covered", "", "meta.number", "that show its place", &O::frames_covered},
    {"alerts", "", "meta.number", "raised for it so far", &O::alerts},
    {"most_probable", "", "stat.probability;stat.max", "p_real_transient", &O::most_probable},
    {"moving", "", "meta.code", "1: it moves", &O::moving},
    {"rate_ra", "arcsec.h-1", "pos.pm;pos.eq.ra", "with cos(dec)", &O::rate_ra_arcsec_per_h},
    {"rate_dec", "arcsec.h-1", "pos.pm;pos.eq.dec", "", &O::rate_dec_arcsec_per_h},
    {"rate_error", "arcsec.h-1", "stat.error;pos.pm", "per axis", &O::rate_error_arcsec_per_h},
    {"chance", "", "stat.probability",
     "expected number of such tracklets from unrelated detections", &O::chance},
    {"known_id", "", "meta.id.cross", "nearest star of the reference catalogue; 0: none",
     &O::known_id},
    {"known_ra", "deg", "pos.eq.ra", "of that star", &O::known_ra_deg},
    {"known_dec", "deg", "pos.eq.dec", "", &O::known_dec_deg},
    {"known_mag", "mag", "phot.mag", "", &O::known_mag},
    {"known_distance", "arcsec", "pos.angDistance", "to that star", &O::known_distance_arcsec},
}};
const std::array<Field<Alert>, 17> kAlertFields{{
    {"candid", "", "meta.id;meta.main", "number of the alert", &A::candid},
    {"object", "", "meta.id.parent", "name of the object", &A::object},
    {"detection", "", "meta.ref", "row of `detections`, from 0", &A::detection},
    {"exposure_id", "", "meta.id", "", &A::exposure_id},
    {"site", "", "meta.id;instr.obsty", "", &A::site},
    {"physical_filter", "", "meta.id;instr.filter", "", &A::physical_filter},
    {"mjd_mid", "d", "time.epoch", "UTC, mid-exposure", &A::mjd_mid},
    {"ra", "deg", "pos.eq.ra", "ICRS", &A::ra_deg},
    {"dec", "deg", "pos.eq.dec", "", &A::dec_deg},
    {"mag", "mag", "phot.mag", "of the absolute flux of the difference", &A::mag},
    {"mag_error", "mag", "stat.error;phot.mag", "", &A::mag_error},
    {"snr", "", "stat.snr", "", &A::snr},
    {"p_real_transient", "", "stat.probability", "NaN: no network has judged it",
     &A::p_real_transient},
    {"class", "", "src.class", "", &A::label},
    {"tag", "", "meta.note", "of the object", &A::tag},
    {"earlier", "", "meta.number", "detections of the object before this one", &A::earlier},
    {"caveat", "", "meta.note", "", &A::caveat},
}};

const std::array<Field<SkyDetection>, 3> kOwnDetectionFields{{
    {"frame", "", "meta.ref", "row of `frames`, from 0", &D::frame},
    {"object", "", "meta.ref", "row of `objects`, from 0", &D::object},
    {"alert", "", "meta.id", "candid of the alert that it raised; 0: none", &D::alert},
}};

const std::array<Field<SkyLimit>, 2> kLimitFields{{
    {"object", "", "meta.ref", "row of `objects`, from 0", &SkyLimit::object},
    {"frame", "", "meta.ref", "row of `frames`, from 0", &SkyLimit::frame},
}};

const std::vector<Field<SkyDetection>>& detection_fields() {
  static const std::vector<Field<SkyDetection>> fields = [] {
    std::vector<Field<SkyDetection>> all(kOwnDetectionFields.begin(), kOwnDetectionFields.end());
    for (const auto& field : fields_for<SkyDetection, Candidate>(candidate_fields()))
      all.push_back(field);
    return all;
  }();
  return fields;
}

template <class R>
Table make(std::string_view name, std::span<const Field<R>> fields, const std::vector<R>& rows) {
  return table_of<R>(name, fields, rows);
}

void check_row(std::int64_t row, std::size_t rows, const char* what) {
  if (row >= 0 && row < static_cast<std::int64_t>(rows)) return;
  throw Error(ErrorKind::bad_input, "cannot read the alerts",
              "a row points to a " + std::string(what) + " that is not there");
}

void check(const AlertSet& set) {
  for (const SkyDetection& d : set.detections) {
    check_row(d.frame, set.frames.size(), "frame");
    check_row(d.object, set.objects.size(), "object");
  }
  for (const SkyLimit& l : set.limits) {
    check_row(l.frame, set.frames.size(), "frame");
    check_row(l.object, set.objects.size(), "object");
  }
  for (const Alert& a : set.alerts) check_row(a.detection, set.detections.size(), "detection");
  for (const NumberArray* array : {&set.science, &set.reference, &set.difference}) {
    if (array->shape.size() == 3 && array->shape[0] == static_cast<std::int64_t>(set.alerts.size()))
      continue;
    throw Error(ErrorKind::bad_input, "cannot read the alerts",
                "their cut-outs are not [alert][y][x]");
  }
}

}  // namespace

TableSet alert_tables(const AlertSet& set) {
  TableSet tables;
  tables.tables = {make<Alert>("alerts", kAlertFields, set.alerts),
                   make<SkyObject>("objects", kObjectFields, set.objects),
                   make<SkyDetection>("detections", detection_fields(), set.detections),
                   make<SkyLimit>("limits", kLimitFields, set.limits),
                   make<SearchedFrame>("frames", searched_frame_fields(), set.frames)};
  tables.arrays = {set.science, set.reference, set.difference};
  tables.facts = set.facts;
  return tables;
}

AlertSet read_alerts(const TableSet& tables) {
  AlertSet set;
  set.alerts = records_of<Alert>(kAlertFields, tables.at("alerts"));
  set.objects = records_of<SkyObject>(kObjectFields, tables.at("objects"));
  set.detections = records_of<SkyDetection>(detection_fields(), tables.at("detections"));
  set.limits = records_of<SkyLimit>(kLimitFields, tables.at("limits"));
  set.frames = records_of<SearchedFrame>(searched_frame_fields(), tables.at("frames"));
  set.science = tables.array("science");
  set.reference = tables.array("template");
  set.difference = tables.array("difference");
  set.facts = tables.facts;
  check(set);
  return set;
}

std::vector<HistoryPoint> history_of(const AlertSet& set, std::int32_t object) {
  std::vector<HistoryPoint> points;
  for (const SkyDetection& d : set.detections) {
    if (d.object == object) points.push_back({&set.frame_of(d), &d});
  }
  for (const SkyLimit& l : set.limits) {
    if (l.object == object)
      points.push_back({&set.frames[static_cast<std::size_t>(l.frame)], nullptr});
  }
  std::stable_sort(points.begin(), points.end(), [](const HistoryPoint& a, const HistoryPoint& b) {
    return a.frame->mjd_mid < b.frame->mjd_mid;
  });
  return points;
}

}  // namespace polis
