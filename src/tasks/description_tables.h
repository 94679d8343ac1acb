#pragma once

#include <vector>

#include "kernels/describe_curve.h"
#include "tasks/light_curve_tables.h"

namespace polis {

/// Table `descriptions` of that kind (docs/formats/descriptions.md): one row per star.
Table descriptions_table(const std::vector<StarCurve>& curves,
                         const std::vector<CurveDescription>& descriptions);

}  // namespace polis
