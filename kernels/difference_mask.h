#pragma once

#include <cstddef>
#include <vector>

#include "kernels/difference.h"
#include "kernels/view.h"

namespace polis {

/// [px] How far a kernel carries what is wrong with a pixel, along both axes.
struct KernelReach {
  std::ptrdiff_t usual = 0;
  std::ptrdiff_t saturated = 0;  ///< at least as far: so much light is missing that little matters
};

struct MaskScratch {
  std::vector<MaskPixel> bits, spread;
};

/// Mask of a difference in a rectangle that starts at (x0, y0): all bits of both frames; unusable
/// ones of the `sharp` frame also where they lie within its reach; `no_data`
/// where pixels or variances are no numbers and, with `edge`, where the convolution reaches beyond
/// the image. `scratch` is used again.
void difference_mask(const DifferenceFrame& sharp, const DifferenceFrame& broad,
                     const KernelReach& reach, std::ptrdiff_t x0, std::ptrdiff_t y0,
                     MaskScratch& scratch, View<MaskPixel> out);

}  // namespace polis
