#pragma once

#include <span>

namespace polis {

/// Dark current at one temperature relative to that at another, if it doubles every `doubling_c`
/// degrees. 1 where a temperature is not known (NaN) or doubling_c is not positive.
double dark_temperature_factor(double temperature_c, double reference_c, double doubling_c);

/// Degrees over which the dark rate doubles, by a straight line through log2(rate) against
/// temperature. NaN unless there are two rates or more, all positive, that span at least
/// `min_span_c`, and rise.
double fit_dark_doubling(std::span<const double> temperature_c, std::span<const double> rate,
                         double min_span_c);

}  // namespace polis
