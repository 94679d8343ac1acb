#pragma once

#include "kernels/view.h"

namespace polis {

/// Median filters without branches on data: min and max networks (Devillard 1998; Knuth) on as many
/// pixels at once as the vector unit has lanes. All work on the inside: for radius r, `out` is 2 r
/// narrower and lower than `in`, and out(x, y) belongs to in(x + r, y + r). The input must be free
/// of NaN.

/// Exact median of 3 x 3 pixels.
void median_3x3(View<const float> in, View<float> out);

/// Median along x of 5 pixels, then along y of 5: nearly the median of 5 x 5 at a tenth of its
/// cost.
/// @param scratch  in.height x out.width
void median_separable_5(View<const float> in, View<float> scratch, View<float> out);

/// The same of 7 and 7.
void median_separable_7(View<const float> in, View<float> scratch, View<float> out);

}  // namespace polis
