#pragma once

#include "kernels/difference_subtract.h"

namespace polis {

/// Adds to the background of `kernel` (which is the plan's) what is left of the sky between the
/// frames: a polynomial through the clipped means of small samples all over the field, so that the
/// sky does not hang on the surroundings of stars alone.
void refine_sky(const SubtractPlan& plan, int order, MatchingKernel& kernel);

}  // namespace polis
