#pragma once

#include <string>

#include "sky/exposure.h"

namespace polis {

/// Where a telescope stands: geodetic, WGS84.
struct Site {
  std::string name;
  double latitude_deg = kUnknown;   ///< to the north
  double longitude_deg = kUnknown;  ///< to the east
  double altitude_m = 0.0;
  bool operator==(const Site&) const = default;
  bool known() const;  ///< latitude and longitude are numbers in range
};

/// The site that an exposure names, with what its header or instrument file says of its place.
Site site_of(const Exposure& exposure);

}  // namespace polis
