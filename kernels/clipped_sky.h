#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace polis {

/// Sky statistics of a set of pixel values.
struct ClippedSky {
  float mode = 0.0F;    ///< 2.5 median - 1.5 mean, or a guarded value where that cannot be trusted
  float median = 0.0F;  ///< of the values that were kept
  float mean = 0.0F;
  float sigma = 0.0F;
  std::size_t kept = 0;
};

/// Memory that clipped_sky uses again from call to call; one per thread.
struct ClippedSkyScratch {
  static constexpr std::size_t bins = 1024;
  std::array<std::array<std::uint32_t, bins + 8>, 4>
      histogram;                              // four: no bin is hit twice in a row
  std::array<std::uint32_t, bins + 1> below;  // values below each bin
  std::vector<std::uint16_t> bin_of;
  std::vector<float> sample;
};

/// Clips `values` (all finite) at `clip_sigma` standard deviations about their median until nothing
/// changes; the first interval is 8 robust sigma about the median of a sample of at most 128 of
/// them. The final median is exact; for quantised values it is that of the grouped data. `values`
/// must have room for a multiple of 8, which this fills with NaN. Bertin & Arnouts 1996, section 3.
ClippedSky clipped_sky(std::vector<float>& values, float clip_sigma, ClippedSkyScratch& scratch);

}  // namespace polis
