#include "kernels/difference_window.h"

#include <algorithm>
#include <cmath>

namespace polis {
namespace {

/// Mean variance of the usable pixels among the nine around (x, y): a pixel's own variance knows
/// its noise, and weights that do pull every fit down.
double smooth_variance(const DifferenceFrame& frame, std::ptrdiff_t x, std::ptrdiff_t y) {
  double sum = 0.0;
  int count = 0;
  for (std::ptrdiff_t j = -1; j <= 1; ++j) {
    for (std::ptrdiff_t i = -1; i <= 1; ++i) {
      if (!frame.variance.contains(x + i, y + j) || !usable_pixel(frame, x + i, y + j)) continue;
      sum += static_cast<double>(frame.variance(x + i, y + j));
      ++count;
    }
  }
  return count > 0 ? sum / count : 0.0;
}

/// Drops the window's pixels that an unusable pixel of the sharp frame reaches.
void spoil(Plane<float>& weight, std::ptrdiff_t x, std::ptrdiff_t y, std::ptrdiff_t reach) {
  const std::ptrdiff_t side = weight.width();
  for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, y - reach);
       j <= std::min(side - 1, y + reach); ++j) {
    for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, x - reach);
         i <= std::min(side - 1, x + reach); ++i) {
      weight(i, j) = 0.0F;
    }
  }
}

}  // namespace

MatchWindow cut_match_window(const MatchPair& pair, const MatchStar& star) {
  const std::ptrdiff_t side = 2 * match_window_radius + 1;
  const std::ptrdiff_t outer = side + 2 * pair.radius;
  MatchWindow window{Plane<float>(outer, outer), Plane<float>(side, side), Plane<float>(side, side),
                     0};
  const std::ptrdiff_t x0 = star.x - match_window_radius;
  const std::ptrdiff_t y0 = star.y - match_window_radius;
  for (std::ptrdiff_t j = 0; j < side; ++j) {
    for (std::ptrdiff_t i = 0; i < side; ++i) {
      if (!usable_pixel(pair.broad, x0 + i, y0 + j)) continue;
      const float value = pair.broad.pixels(x0 + i, y0 + j);
      window.broad(i, j) = value;
      const double light = static_cast<double>(value) - pair.broad_level;
      const double variance = smooth_variance(pair.broad, x0 + i, y0 + j) +
                              pair.noise_share * smooth_variance(pair.sharp, x0 + i, y0 + j) +
                              std::pow(pair.model_error * std::max(0.0, light), 2);
      window.weight(i, j) = variance > 0.0 ? static_cast<float>(1.0 / variance) : 0.0F;
    }
  }
  const auto level = static_cast<float>(pair.sharp_level);
  for (std::ptrdiff_t j = 0; j < outer; ++j) {
    for (std::ptrdiff_t i = 0; i < outer; ++i) {
      const std::ptrdiff_t x = x0 - pair.radius + i;
      const std::ptrdiff_t y = y0 - pair.radius + j;
      if (usable_pixel(pair.sharp, x, y)) {
        window.sharp(i, j) = pair.sharp.pixels(x, y) - level;
      } else {
        // Half the radius: further out a kernel has little left.
        spoil(window.weight, i - pair.radius, j - pair.radius, (pair.radius + 1) / 2);
      }
    }
  }
  for (std::ptrdiff_t p = 0; p < window.weight.size(); ++p) {
    window.used += window.weight.data()[p] > 0.0F ? 1 : 0;
  }
  return window;
}

}  // namespace polis
