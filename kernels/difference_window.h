#pragma once

#include <cstddef>
#include <vector>

#include "kernels/difference.h"
#include "kernels/difference_stars.h"
#include "kernels/view.h"

namespace polis {

/// What the kernel fit needs to know of the two frames.
struct MatchPair {
  const DifferenceFrame& sharp;  ///< the one that is convolved
  const DifferenceFrame& broad;  ///< the one that it is to look like
  double sharp_level = 0.0;      ///< taken off the sharp frame
  double broad_level = 0.0;      ///< taken off the broad frame
  double noise_share = 0.0;      ///< variance that reaches the difference, of variance in `sharp`
  double model_error = 0.0;      ///< as in DifferenceSettings
  std::ptrdiff_t radius = 0;     ///< of the kernel [px]
};

/// The surroundings of a star: `sharp` is 2 radius wider than the square window in which pixels are
/// compared, so that the kernel fits in everywhere.
struct MatchWindow {
  Plane<float> sharp;        ///< level taken off, unusable pixels 0
  Plane<float> broad;        ///< as it is, unusable pixels 0
  Plane<float> weight;       ///< 1 / variance of the difference; 0: not used
  std::ptrdiff_t used = 0;   ///< pixels with weight
  double sharp_noise = 0.0;  ///< sum of weight x variance of the sharp frame
};

/// Cuts the windows around the stars, which lie inside the frames with the kernel's radius to
/// spare.
std::vector<MatchWindow> cut_match_windows(const MatchPair& pair,
                                           const std::vector<MatchStar>& stars);

}  // namespace polis
