#include "tasks/night_exposures.h"

#include <algorithm>
#include <tuple>

namespace polis {

std::vector<NightExposure> read_exposures(Reader& reader) {
  std::vector<NightExposure> exposures;
  for (const InputRef& ref : reader.bundle().with_role("exposure")) {
    exposures.push_back({ref, reader.open(ref).as<Exposure>()});
  }
  const auto key = [](const NightExposure& e) {
    const Exposure& x = e.exposure;
    const double time = x.mjd_mid == x.mjd_mid ? x.mjd_mid : -1.0;  // NaN has no place in an order
    return std::tuple(time, x.instrument, x.detector, x.exposure_id, e.ref);
  };
  std::sort(exposures.begin(), exposures.end(),
            [&](const NightExposure& a, const NightExposure& b) { return key(a) < key(b); });
  return exposures;
}

std::string detector_name(const Exposure& exposure) {
  return exposure.instrument + "/" + exposure.detector;
}

std::string calibration_group(const Exposure& exposure) {
  return detector_name(exposure) + "/" + std::to_string(exposure.raw_width) + "x" +
         std::to_string(exposure.raw_height) + "/" + exposure.night() + "/" +
         exposure.physical_filter;
}

bool same_layout(const Exposure& a, const Exposure& b) {
  return a.instrument == b.instrument && a.detector == b.detector && a.raw_width == b.raw_width &&
         a.raw_height == b.raw_height && a.width == b.width && a.height == b.height;
}

std::string label_of(const Exposure& exposure) {
  return exposure.instrument + " " + exposure.exposure_id + " " + exposure.physical_filter;
}

}  // namespace polis
