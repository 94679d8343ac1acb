#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/view.h"

namespace polis {

/// Consecutive pixels of row y, columns x0 to x1 - 1, that belong to one component.
struct PixelRun {
  std::int32_t y, x0, x1;
  std::int32_t component;  ///< from 0; -1: its component was dropped
};

/// 8-connected sets of pixels above a threshold, as runs in raster order.
struct Components {
  std::vector<PixelRun> runs;
  std::vector<std::size_t>
      row_start;           ///< height + 1 values: runs of row y are row_start[y]..row_start[y + 1]
  std::int32_t count = 0;  ///< of components kept, numbered by their first pixel
};

/// Finds the components of `snr` (height x width; NaN is sky) with all pixels at least `isophote`,
/// the highest at least `peak`, and at least `min_pixels` of them.
Components find_components(View<const float> snr, float isophote, float peak,
                           std::int32_t min_pixels);

}  // namespace polis
