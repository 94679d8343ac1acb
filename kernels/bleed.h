#pragma once

#include <cstddef>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

struct BleedOptions {
  double sigma = 5.0;  ///< how far a pixel must stand above what the star itself gives there
  std::ptrdiff_t min_pixels = 9;  ///< saturated pixels, connected, that make a star which may bleed
};

/// Sets `bleed` where charge ran out of saturated stars along their columns (the direction of
/// parallel transfer).
///
/// A star is round: its saturated core is as high as it is wide, and a pixel above or below the
/// core is as bright as the one at the same distance to its side. What is saturated farther up and
/// down than to the sides, and what is brighter there than beside the core, is bled charge.
///
/// @param image     height x width [electron]
/// @param variance  same size [electron^2]
/// @param mask      same size, with `saturated` set; read and written
/// @return how many pixels were marked
std::size_t flag_bleeds(View<const float> image, View<const float> variance,
                        const BleedOptions& options, View<MaskPixel> mask);

}  // namespace polis
