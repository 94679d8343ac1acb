#pragma once

#include <string>
#include <vector>

#include "sky/alert.h"

namespace polis {

/// The history of an object as an SVG element: magnitude against time, one shape and colour per
/// filter, error bars, hollow points where the object is fainter than the reference, arrows for
/// limits, a ring about `chosen`. Electrons where no point has a magnitude. Colours come from the
/// page's style.
std::string light_curve_svg(const std::vector<HistoryPoint>& history, const std::string& title,
                            const SkyDetection* chosen = nullptr);

/// Ticks at 1, 2 or 5 times a power of ten that cover low..high with `wanted` steps or up to 2.5
/// times as many.
std::vector<double> nice_ticks(double low, double high, int wanted);

}  // namespace polis
