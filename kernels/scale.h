#pragma once

#include <cstddef>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

/// pixels *= factor, variance *= factor^2.
void scale_image(View<float> pixels, View<float> variance, float factor);

/// Gives pixels that are NaN the value `fill` and variance 0, and sets no_data. @return how many
std::size_t fill_missing(View<float> pixels, View<float> variance, View<MaskPixel> mask,
                         float fill);

/// Pixels whose mask has a bit of `bits`.
std::size_t count_masked(View<const MaskPixel> mask, MaskPixel bits);

}  // namespace polis
