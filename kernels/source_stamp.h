#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/detect.h"
#include "kernels/matched_filter.h"
#include "kernels/view.h"

namespace polis {

/// The pixels around one source, cleaned: what is masked or belongs to a neighbour is replaced by
/// its mirror image about the source's centre, or is 0 with variance 0 where that is not usable
/// either. Rows are `stride` floats (a multiple of 8), 0 behind the last column.
struct SourceStamp {
  static constexpr std::int32_t usable = 0, of_neighbour = 1, masked = 2, outside = 4;

  std::int32_t x0 = 0, y0 = 0;  ///< image pixel of stamp pixel (0, 0)
  std::int32_t width = 0, height = 0, stride = 0;
  std::vector<float> value;  ///< residual
  std::vector<float> variance;
  std::vector<std::int32_t> state;  ///< of the pixel before it was replaced
  std::int32_t any_state = 0;       ///< OR of them all

  std::size_t row(std::int32_t y) const { return static_cast<std::size_t>(y * stride); }
};

/// Cuts the square of `radius` pixels about (x, y) for the source with `label`.
void cut_stamp(const MeasuredPixels& image, View<const std::int32_t> labels, std::int32_t label,
               double x, double y, std::int32_t radius, SourceStamp& stamp);

}  // namespace polis
