#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/difference.h"
#include "kernels/frame_pair_helpers.h"
#include "kernels/robust.h"
#include "kernels/view.h"

namespace polis::bench {

/// How good a score (signal-to-noise) image of a scene is.
struct ScoreQuality {
  double sky_rms = 0.0;   ///< clipped, of pixels away from stars
  double star_rms = 0.0;  ///< at the places of stars with S/N > 20 in the science frame
  double found_5 = 0.0;   ///< part of the new sources of S/N 5 with a peak above 3
  double found_10 = 0.0;  ///< of S/N 10 with a peak above 5
  double snr_5 = 0.0;     ///< mean score at the place of sources of S/N 5
  double snr_10 = 0.0;
  double spurious_per_mpix = 0.0;  ///< peaks of either sign beyond 5 sigma that are no new source
  double masked = 0.0;             ///< part of the pixels
};

inline bool is_peak(View<const float> s, std::ptrdiff_t x, std::ptrdiff_t y, float sign) {
  const float value = sign * s(x, y);
  for (std::ptrdiff_t j = -1; j <= 1; ++j) {
    for (std::ptrdiff_t i = -1; i <= 1; ++i) {
      if ((i != 0 || j != 0) && sign * s(x + i, y + j) > value) return false;
    }
  }
  return true;
}

inline float highest(View<const float> s, double x, double y, std::ptrdiff_t reach) {
  float best = -1e30F;
  const auto x0 = static_cast<std::ptrdiff_t>(std::lround(x));
  const auto y0 = static_cast<std::ptrdiff_t>(std::lround(y));
  for (std::ptrdiff_t j = -reach; j <= reach; ++j) {
    for (std::ptrdiff_t i = -reach; i <= reach; ++i) {
      if (s.contains(x0 + i, y0 + j)) best = std::max(best, s(x0 + i, y0 + j));
    }
  }
  return best;
}

/// `usable`: 1 where the score counts.
inline ScoreQuality judge(const frame_pair::Scene& scene, View<const float> score,
                          View<const unsigned char> usable) {
  ScoreQuality q;
  const std::ptrdiff_t width = score.width;
  const std::ptrdiff_t height = score.height;
  Plane<unsigned char> near(width, height);
  const auto mark = [&](double x, double y, std::ptrdiff_t reach, unsigned char bit) {
    const auto x0 = static_cast<std::ptrdiff_t>(std::lround(x));
    const auto y0 = static_cast<std::ptrdiff_t>(std::lround(y));
    for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, y0 - reach);
         j <= std::min(height - 1, y0 + reach); ++j) {
      for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, x0 - reach);
           i <= std::min(width - 1, x0 + reach); ++i) {
        near(i, j) = static_cast<unsigned char>(near(i, j) | bit);
      }
    }
  };
  for (const auto& source : scene.fresh) mark(source.x, source.y, 8, 1);
  const double unit = std::sqrt(scene.science.sky_e) * scene.science.fwhm_px * 1.5;
  std::vector<double> on_stars;
  for (const auto& star : scene.stars) {
    const double snr = star.flux * scene.science.throughput / unit;
    mark(star.x, star.y, snr > 100 ? 12 : 6, 2);
    const auto x = static_cast<std::ptrdiff_t>(std::lround(star.x));
    const auto y = static_cast<std::ptrdiff_t>(std::lround(star.y));
    if (snr > 20.0 && score.contains(x, y) && usable(x, y) != 0 && (near(x, y) & 1) == 0) {
      on_stars.push_back(static_cast<double>(score(x, y)));
    }
  }
  double squares = 0.0;
  for (const double value : on_stars) squares += value * value;
  q.star_rms = on_stars.empty() ? 0.0 : std::sqrt(squares / static_cast<double>(on_stars.size()));
  std::vector<float> sky;
  std::size_t count = 0;
  std::size_t spurious = 0;
  for (std::ptrdiff_t y = 1; y + 1 < height; ++y) {
    for (std::ptrdiff_t x = 1; x + 1 < width; ++x) {
      if (usable(x, y) == 0) continue;
      ++count;
      const float value = score(x, y);
      if (near(x, y) == 0) sky.push_back(value);
      if ((near(x, y) & 1) == 0 && std::abs(value) > 5.0F &&
          is_peak(score, x, y, value > 0 ? 1.0F : -1.0F)) {
        ++spurious;
      }
    }
  }
  q.masked = 1.0 - static_cast<double>(count) / static_cast<double>(width * height);
  q.sky_rms = clipped_level(sky, 5.0).sigma;
  q.spurious_per_mpix = static_cast<double>(spurious) / (static_cast<double>(count) * 1e-6);
  std::size_t tried[2] = {};
  std::size_t found[2] = {};
  double sum[2] = {};
  for (const auto& source : scene.fresh) {
    const auto x = static_cast<std::ptrdiff_t>(std::lround(source.x));
    const auto y = static_cast<std::ptrdiff_t>(std::lround(source.y));
    if (usable(x, y) == 0) continue;
    const int which = source.snr > 7.0 ? 1 : 0;
    ++tried[which];
    sum[which] += static_cast<double>(score(x, y));
    if (highest(score, source.x, source.y, 1) > (which == 1 ? 5.0F : 3.0F)) ++found[which];
  }
  const auto part = [](double a, std::size_t b) {
    return b > 0 ? a / static_cast<double>(b) : 0.0;
  };
  q.found_5 = part(static_cast<double>(found[0]), tried[0]);
  q.found_10 = part(static_cast<double>(found[1]), tried[1]);
  q.snr_5 = part(sum[0], tried[0]);
  q.snr_10 = part(sum[1], tried[1]);
  return q;
}

}  // namespace polis::bench
