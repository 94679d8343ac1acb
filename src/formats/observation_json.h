#pragma once

#include <string>
#include <vector>

#include "sky/wcs.h"

namespace polis {

/// When a target can be seen from a site. Times UTC, ISO 8601.
struct ObservationWindow {
  std::string site;
  std::string begin, end, best;  ///< `best`: of least airmass
  double least_airmass = 0.0;
};

/// What somebody should observe next, and why.
struct ObservationRequest {
  std::string target;    ///< name
  SkyPosition position;  ///< ICRS
  std::string why;       ///< one sentence
  std::string goal;      ///< "next_transit", "phase_coverage", "confirm_new", "confirm_missing"
  int priority = 0;      ///< larger first
  std::string filter;
  double magnitude = kNoMagnitude;
  double max_airmass = 2.0;
  double exposure_time_s = 0.0;  ///< as used for the discovery; 0: free
  double cadence_s = 0.0;        ///< 0: free
  std::string deadline;          ///< UTC; empty: none
  std::vector<ObservationWindow> windows;
  static constexpr double kNoMagnitude = 99.0;
};

/// The text of a `document` (docs/formats/observation.md).
std::string write_observation(const ObservationRequest& request);

}  // namespace polis
