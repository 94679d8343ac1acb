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

struct WishSettings {
  std::size_t most = 20;                ///< wishes: the most significant
  double max_field_false_alarm = 0.01;  ///< of a period, that any of the stars would give by noise
};

/// The most significant first (of equals, the lower star): transit-like dips; reference stars that
/// are missing where forced photometry finds nothing either; new sources that were seen well;
/// periodic stars; stars that differ from the reference. Numbers in the parameters are rounded to
/// what is known of them.
std::vector<Wish> observation_wishes(const std::vector<StarCurve>& curves,
                                     const std::vector<CurveDescription>& descriptions,
                                     const WishSettings& settings);

}  // namespace polis
