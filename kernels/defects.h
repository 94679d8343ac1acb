#pragma once

#include <cstddef>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

struct HotPixelOptions {
  double sigma = 8.0;       ///< excess over the neighbours, in units of the noise
  double min_excess = 0.0;  ///< excess that is harmless [unit of the dark]
};

/// Sets `hot` where a master dark stands out above its 5 x 5 neighbours.
/// @param dark      height x width; NaN: left alone here
/// @param variance  of the same size, or empty: the scatter in tiles of 64 x 64 pixels alone is
/// used
/// @return how many pixels
std::size_t flag_hot_pixels(View<const float> dark, View<const float> variance,
                            const HotPixelOptions& options, View<MaskPixel> mask);

struct ResponseOptions {
  double dead = 0.5;       ///< response relative to the neighbourhood below which a pixel is `bad`
  double low = 0.8;        ///< below: `suspect`
  double high = 1.5;       ///< above: `bad`
  double vignetted = 0.2;  ///< response below which a pixel lies outside the field: `edge`
};

/// Sets `bad`, `suspect` or `edge` from a master flat (about 1 in the middle); NaN or not positive:
/// `bad`. The neighbourhood is a tile of 32 x 32 pixels. @return how many pixels became bad
std::size_t flag_response(View<const float> flat, const ResponseOptions& options,
                          View<MaskPixel> mask);

struct BadColumnOptions {
  double sigma =
      7.0;  ///< deviation of a column's level from its neighbours', in units of its noise
  int half_window = 8;              ///< columns on either side that make the reference
  std::ptrdiff_t block_rows = 256;  ///< columns that are bad in part are found in blocks of rows
};

/// Sets `bad` along columns whose level deviates from that of their neighbours (master bias, dark
/// or flat).
/// @return how many pixels
std::size_t flag_bad_columns(View<const float> image, const BadColumnOptions& options,
                             View<MaskPixel> mask);

}  // namespace polis
