#pragma once

#include <cstdint>
#include <span>

#include "kernels/view.h"

namespace polis {

/// One of the planes to combine, with the noise of its pixels after scaling:
/// variance(level) = read_variance + variance_per_unit * max(level, 0).
struct CombinePlane {
  View<const float> values;  ///< NaN: this pixel is not there
  float scale = 1.0F;        ///< values are multiplied by it first
  float read_variance =
      0.0F;  ///< [scaled unit^2]; 0: unknown, all noise is taken from the scatter at each pixel
  float variance_per_unit = 0.0F;  ///< [scaled unit]
};

enum class CombineMethod { mean, median };

struct CombineOptions {
  CombineMethod method = CombineMethod::mean;
  float clip_sigma = 4.0F;
  int iterations = 3;
  /// Differences between planes that are no noise (a flat field's gradient turns with the sky),
  /// relative to the level: they widen the clip, not the variance.
  float relative_error = 0.0F;
};

/// Where the result goes; all of the planes' size.
struct CombineOutput {
  View<float> value;     ///< NaN where no plane has a value, or where all contradict each other
  View<float> variance;  ///< of `value`; NaN where count is 0
  View<std::uint16_t> count;  ///< planes that were used
};

/// More planes than this are combined in groups (merge_combined), so that memory stays bounded.
inline constexpr std::size_t kMaxCombinePlanes = 64;

/// Sigma-clipped combination of 1..kMaxCombinePlanes planes, pixel by pixel: starts from the
/// median, clips against the planes' noise, and gives the mean weighted with the inverse variance,
/// or the median. With fewer than three values at a pixel nothing is clipped.
void combine(std::span<const CombinePlane> planes, const CombineOptions& options,
             const CombineOutput& output);

/// Adds a further group's result to `total`, weighted with the inverse variances. A pixel that one
/// of them lacks is that of the other.
void merge_combined(const CombineOutput& group, const CombineOutput& total);

}  // namespace polis
