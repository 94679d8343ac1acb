#pragma once

#include <span>
#include <vector>

namespace polis {

/// Median of each value and the `half_width` values on either side of it (fewer at the ends). NaN
/// counts as not there; where nothing is there the median is NaN.
std::vector<double> running_median(std::span<const double> values, std::size_t half_width);

}  // namespace polis
