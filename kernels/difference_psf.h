#pragma once

#include <cstddef>
#include <vector>

#include "kernels/difference_stars.h"
#include "kernels/view.h"

namespace polis {

/// Mean star of a frame, for a matched filter: the median over stars, each moved to the middle of a
/// pixel and divided by its light. (2 radius + 1)^2 values, never negative, sum 1; a Gaussian of
/// `fwhm_px` where there are not enough stars.
Plane<float> stack_stars(const DifferenceFrame& frame, double sky,
                         const std::vector<MatchStar>& stars, double fwhm_px,
                         std::ptrdiff_t radius);

}  // namespace polis
