#pragma once

#include <cstddef>
#include <vector>

#include "kernels/difference.h"
#include "kernels/view.h"

namespace polis {

/// Mask of a difference in a rectangle that starts at (x0, y0): all bits of both frames; unusable
/// ones of the `sharp` frame also where they lie within `reach` pixels along both axes; `no_data`
/// where pixels or variances are no numbers and, with `edge`, where the convolution reaches beyond
/// the image. `scratch` is reused.
void difference_mask(const DifferenceFrame& sharp, const DifferenceFrame& broad,
                     std::ptrdiff_t reach, std::ptrdiff_t x0, std::ptrdiff_t y0,
                     std::vector<MaskPixel>& scratch, View<MaskPixel> out);

}  // namespace polis
