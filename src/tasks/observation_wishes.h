#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/manifest.h"
#include "kernels/describe_curve.h"
#include "tasks/light_curve_tables.h"

namespace polis {

/// An observation that a light curve makes worth while.
struct Wish {
  std::int64_t star = 0;
  std::string why;
  int priority = 0;
  ParameterMap parameters;  ///< of the task observe
};

/// At most `most`, the most significant first (of equals, the lower star): transit-like dips, then
/// periodic stars, then new sources that were seen well. Numbers in the parameters are rounded to
/// what is known of them.
std::vector<Wish> observation_wishes(const std::vector<StarCurve>& curves,
                                     const std::vector<CurveDescription>& descriptions,
                                     std::size_t most);

}  // namespace polis
