#include "sky/site.h"

#include <cmath>

namespace polis {

bool Site::known() const {
  // NaN fails both comparisons.
  return std::abs(latitude_deg) <= 90.0 && std::abs(longitude_deg) <= 360.0;
}

Site site_of(const Exposure& exposure) {
  const double altitude = std::isfinite(exposure.altitude_m) ? exposure.altitude_m : 0.0;
  return {exposure.site, exposure.latitude_deg, exposure.longitude_deg, altitude};
}

}  // namespace polis
