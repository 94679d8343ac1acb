#pragma once

#include <cstddef>
#include <vector>

#include "kernels/difference.h"

namespace polis {

/// [px] The kernel is fitted on windows of 2 match_window_radius + 1 pixels on a side.
inline constexpr std::ptrdiff_t match_window_radius = 12;

/// A star that both frames show well.
struct MatchStar {
  std::ptrdiff_t x = 0, y = 0;  ///< highest pixel in the science frame
  float peak = 0.0F;            ///< its height above the sky there
};

/// What was learnt on the way about one frame.
struct FrameLevels {
  double sky = 0.0;       ///< median level [unit]
  double noise = 0.0;     ///< of a sky pixel, from the pixels [unit]
  double variance = 0.0;  ///< of a sky pixel, from the variance plane [unit^2]
};

struct StarChoice {
  FrameLevels science, reference;
  std::vector<MatchStar> stars;  ///< brightest of each cell of a grid, sorted by y, then x
};

/// Chooses up to `wanted` stars that stand higher than `min_snr` above the sky in both frames,
/// spread over the field as evenly as the sky allows, with no unusable pixel near their middle in
/// either frame.
StarChoice choose_match_stars(const DifferenceFrame& science, const DifferenceFrame& reference,
                              const DifferenceSettings& settings);

/// FWHM of the stars in one frame: median over them of that of the Gaussian that matches the
/// middle of the star best; 0 where none can be measured.
double measure_seeing(const DifferenceFrame& frame, double sky,
                      const std::vector<MatchStar>& stars);

/// Whether a pixel can be used at all.
inline bool usable_pixel(const DifferenceFrame& frame, std::ptrdiff_t x, std::ptrdiff_t y) {
  const float value = frame.pixels(x, y);
  const float variance = frame.variance(x, y);
  const bool clean = frame.mask.empty() || (frame.mask(x, y) & mask_bits::unusable) == 0;
  return clean && value - value == 0.0F && variance > 0.0F && variance - variance == 0.0F;
}

}  // namespace polis
