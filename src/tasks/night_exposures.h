#pragma once

#include <string>
#include <vector>

#include "jobs/task.h"
#include "sky/exposure.h"

namespace polis {

/// An exposure of the bundle: where it lies, and what is known of it.
struct NightExposure {
  InputRef ref;
  Exposure exposure;
};

/// All entries of role "exposure", sorted by time, then instrument, detector and id: a fixed order
/// whatever that of the bundle.
std::vector<NightExposure> read_exposures(Reader& reader);

/// "instrument/detector": pixels of one detector.
std::string detector_name(const Exposure& exposure);
/// Frames that share all calibrations: instrument, detector, size and binning, night, filter.
std::string calibration_group(const Exposure& exposure);
/// Can calibrations from `a` be applied to `b`: same detector, raw size and sections.
bool same_layout(const Exposure& a, const Exposure& b);
/// "instrument exposure filter": a request's label.
std::string label_of(const Exposure& exposure);

}  // namespace polis
