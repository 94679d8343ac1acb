#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sky/candidate.h"

/// What kind `alerts` holds (docs/formats/alerts.md): searched frames, objects, their detections
/// and limits, and the alerts that this run raised.
namespace polis {

/// A candidate that belongs to an object.
struct SkyDetection : Candidate {
  std::int32_t frame = 0;   ///< row of `frames`
  std::int32_t object = 0;  ///< row of `objects`
  std::int64_t alert = 0;   ///< the alert that it raised, now or in an earlier run; 0: none
};

/// A frame that shows the object's place, but not the object.
struct SkyLimit {
  std::int32_t object = 0, frame = 0;  ///< rows; the limit is the frame's
};

/// A thing on the sky, at rest or moving.
struct SkyObject {
  std::string name;                              ///< PO, year of the first detection, nine letters
  std::string tag;                               ///< what is known of it: see tag_of
  double ra_deg = kUnknown, dec_deg = kUnknown;  ///< mean; of a moving one, at `mjd_mean`
  double error_arcsec = kUnknown;
  double mjd_first = kUnknown, mjd_last = kUnknown, mjd_mean = kUnknown;
  std::int32_t detections = 0, frames_covered = 0, alerts = 0;
  double most_probable = kUnknown;  ///< largest p_real_transient of its detections
  std::int32_t moving = 0;
  double rate_ra_arcsec_per_h = 0.0, rate_dec_arcsec_per_h = 0.0, rate_error_arcsec_per_h = 0.0;
  double chance = 0.0;        ///< of a moving one: expected number of such tracklets by chance
  std::int64_t known_id = 0;  ///< nearest star of the reference catalogue; 0: none within reach
  double known_ra_deg = kUnknown, known_dec_deg = kUnknown, known_distance_arcsec = kUnknown,
         known_mag = kUnknown;

  SkyPosition position() const { return {ra_deg, dec_deg}; }
};

/// One alert: a new detection that is real.
struct Alert {
  std::int64_t candid = 0;     ///< at most 2^53: every reader keeps it exactly
  std::string object;          ///< its name
  std::int32_t detection = 0;  ///< row of `detections`
  std::string exposure_id, site, physical_filter;
  double mjd_mid = kUnknown, ra_deg = kUnknown, dec_deg = kUnknown, mag = kUnknown,
         mag_error = kUnknown, snr = kUnknown, p_real_transient = kUnknown;
  std::string label, tag;
  std::int32_t earlier = 0;  ///< detections of the object before this one
  std::string caveat;
};

struct AlertSet {
  std::vector<SearchedFrame> frames;     ///< by time
  std::vector<SkyObject> objects;        ///< by first detection
  std::vector<SkyDetection> detections;  ///< by frame, then candidate
  std::vector<SkyLimit> limits;          ///< by object, then frame
  std::vector<Alert> alerts;             ///< of this run, the most probable first
  /// [alert][y][x] of the science frame, the reference and the difference [electron].
  NumberArray science, reference, difference;
  Facts facts;

  const SkyDetection& detection_of(const Alert& alert) const {
    return detections[static_cast<std::size_t>(alert.detection)];
  }
  const SkyObject& object_of(const Alert& alert) const {
    return objects[static_cast<std::size_t>(detection_of(alert).object)];
  }
  const SearchedFrame& frame_of(const SkyDetection& detection) const {
    return frames[static_cast<std::size_t>(detection.frame)];
  }
};

/// The tables of kind `alerts`, without `targets`, which those who ask for photometry add.
TableSet alert_tables(const AlertSet& set);
/// Inverse. Errors: not_found (a table), bad_input (rows that point outside their tables).
AlertSet read_alerts(const TableSet& set);

/// Detections and limits of one object, by time: a light curve with what was not seen.
struct HistoryPoint {
  const SearchedFrame* frame = nullptr;
  const SkyDetection* detection = nullptr;  ///< null: a limit
};
std::vector<HistoryPoint> history_of(const AlertSet& set, std::int32_t object);

}  // namespace polis
