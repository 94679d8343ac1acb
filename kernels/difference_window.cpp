#include "kernels/difference_window.h"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"

namespace polis {
namespace {

/// Variance of the difference at a pixel; 0 where it is not usable.
double pixel_variance(const MatchPair& pair, std::ptrdiff_t x, std::ptrdiff_t y) {
  if (!usable_pixel(pair.broad, x, y)) return 0.0;
  const double light = static_cast<double>(pair.broad.pixels(x, y)) - pair.broad_level;
  const double sharp = static_cast<double>(pair.sharp.variance(x, y));
  return static_cast<double>(pair.broad.variance(x, y)) +
         pair.noise_share * (sharp > 0.0 && std::isfinite(sharp) ? sharp : 0.0) +
         std::pow(pair.model_error * std::max(0.0, light), 2);
}

/// Weights from the mean variance of the usable pixels among nine: a pixel's own variance knows its
/// noise, and weights that do pull every fit down.
void weigh(const MatchPair& pair, std::ptrdiff_t x0, std::ptrdiff_t y0, Plane<float>& weight) {
  const std::ptrdiff_t side = weight.width();
  Plane<double> variance(side + 2, side + 2);
  for (std::ptrdiff_t j = 0; j < side + 2; ++j) {
    for (std::ptrdiff_t i = 0; i < side + 2; ++i) {
      const bool inside = pair.broad.pixels.contains(x0 + i - 1, y0 + j - 1);
      variance(i, j) = inside ? pixel_variance(pair, x0 + i - 1, y0 + j - 1) : 0.0;
    }
  }
  for (std::ptrdiff_t j = 0; j < side; ++j) {
    for (std::ptrdiff_t i = 0; i < side; ++i) {
      if (variance(i + 1, j + 1) == 0.0) continue;
      double sum = 0.0;
      double count = 0.0;
      for (std::ptrdiff_t k = 0; k < 9; ++k) {
        const double value = variance(i + k % 3, j + k / 3);
        sum += value;
        count += value > 0.0 ? 1.0 : 0.0;
      }
      weight(i, j) = static_cast<float>(count / sum);
    }
  }
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

MatchWindow cut(const MatchPair& pair, const MatchStar& star) {
  const std::ptrdiff_t side = 2 * match_window_radius + 1;
  const std::ptrdiff_t outer = side + 2 * pair.radius;
  MatchWindow window{Plane<float>(outer, outer), Plane<float>(side, side), Plane<float>(side, side),
                     0};
  const std::ptrdiff_t x0 = star.x - match_window_radius;
  const std::ptrdiff_t y0 = star.y - match_window_radius;
  const auto broad_level = static_cast<float>(pair.broad_level);
  weigh(pair, x0, y0, window.weight);
  for (std::ptrdiff_t j = 0; j < side; ++j) {
    for (std::ptrdiff_t i = 0; i < side; ++i) {
      if (window.weight(i, j) > 0.0F) {
        window.broad(i, j) = pair.broad.pixels(x0 + i, y0 + j) - broad_level;
      }
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
  for (std::ptrdiff_t j = 0; j < side; ++j) {
    for (std::ptrdiff_t i = 0; i < side; ++i) {
      if (!(window.weight(i, j) > 0.0F)) continue;
      ++window.used;
      const auto variance = static_cast<double>(pair.sharp.variance(x0 + i, y0 + j));
      if (variance > 0.0 && std::isfinite(variance)) {
        window.sharp_noise += static_cast<double>(window.weight(i, j)) * variance;
      }
    }
  }
  return window;
}

}  // namespace

std::vector<MatchWindow> cut_match_windows(const MatchPair& pair,
                                           const std::vector<MatchStar>& stars) {
  std::vector<MatchWindow> windows(stars.size());
  parallel_for(static_cast<std::ptrdiff_t>(stars.size()), [&](std::ptrdiff_t s) {
    const auto k = static_cast<std::size_t>(s);
    windows[k] = cut(pair, stars[k]);
  });
  return windows;
}

}  // namespace polis
