#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tasks/night_exposures.h"

namespace polis {

/// Exposures that look at the same piece of sky.
struct SkyField {
  std::string name;  ///< "ra031.31+46.77", or the object's name where no pointing is known
  std::vector<std::size_t> members;  ///< indices into the exposures, ascending
};

/// Groups science exposures in their order: an exposure joins the first field whose first pointing
/// is nearer than `share` of its own field of view's smaller side (0.5 degrees where its size is
/// not known). `per_detector`: frames of different detectors never share a field (there is no
/// common sky without a reference catalogue).
std::vector<SkyField> group_fields(const std::vector<NightExposure>& exposures, double share,
                                   bool per_detector);

}  // namespace polis
