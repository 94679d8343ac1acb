#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/matched_filter.h"
#include "kernels/view.h"

namespace polis {

struct DetectSettings {
  float peak_snr = 5.0F;  ///< a source's highest pixel in the matched-filter image is at least this
  float isophote_snr = 2.5F;    ///< and it reaches down to this
  std::int32_t min_pixels = 3;  ///< smaller ones are dropped
  float min_contrast =
      0.005F;  ///< deblending: flux of a branch over that of both it and its neighbour
  float min_prominence = 2.0F;  ///< deblending: height of a branch above its saddle, in local sigma
  std::int32_t max_children = 1024;   ///< a parent with more is flagged
  std::int32_t max_extent_px = 1000;  ///< a source that is wider or higher is flagged
};

/// One source before it is measured. Label k + 1 in the map belongs to source k.
struct Detection {
  std::int32_t peak_x = 0, peak_y = 0;          ///< highest pixel of the matched-filter image
  float snr = 0.0F;                             ///< its value
  std::int32_t x0 = 0, y0 = 0, x1 = 0, y1 = 0;  ///< bounding box of its pixels, inclusive
  std::int32_t pixels = 0;                      ///< isophotal area
  std::int32_t parent = 0;                      ///< number of the blend it came from, from 0
  std::int32_t flags = 0;                       ///< source_flags
};

struct Detections {
  std::vector<Detection> sources;  ///< sorted by peak_y, then peak_x
  Plane<std::int32_t> labels;      ///< height x width: 0 sky, k + 1 source k
};

/// Finds and deblends the sources of `image`: matched filter, threshold, 8-connected components,
/// deblending (deblend.h).
Detections detect_sources(const MeasuredPixels& image, const KernelGrid& kernels,
                          const DetectSettings& settings = {});

}  // namespace polis
