#pragma once

#include <cstdint>
#include <vector>

#include "kernels/components.h"
#include "kernels/view.h"

namespace polis {

/// The pixels that climb to one local maximum.
struct Basin {
  std::int32_t peak_x = 0, peak_y = 0;
  float peak = 0.0F;
  std::int32_t component = 0;
  double sum = 0.0;  ///< of the image over its pixels
  std::int32_t pixels = 0;
  std::int32_t x0 = 0, y0 = 0, x1 = 0, y1 = 0;  ///< bounding box, inclusive
};

/// The highest place where two basins meet: the lower pixel of the pair across the border.
struct Saddle {
  std::int32_t a = 0, b = 0;  ///< basin numbers, a < b
  float height = 0.0F;
  std::int32_t x = 0, y = 0;
};

struct BasinMap {
  std::vector<Basin> basins;    ///< sorted by peak_y, then peak_x
  std::vector<Saddle> saddles;  ///< a pair can occur once per band of rows that it crosses
  Plane<std::int32_t> labels;   ///< basin number + 1; 0: no component
};

/// Divides the kept components of `image` into basins: see deblend.h.
BasinMap find_basins(View<const float> image, const Components& components);

}  // namespace polis
