#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

/// Detections against the stars that were put into a simulated field.
namespace polis::bench {

inline constexpr std::ptrdiff_t edge = 4096;
inline constexpr double fwhm_px = 3.0;
struct Star {
  double x, y, flux_e, snr;
};

struct Found {
  double x, y;
};

struct Score {
  std::size_t found = 0, real = 0, false_ones = 0;
  double complete_at_10 = 0, complete_isolated = 0;
};

/// Truth in cells of 8 pixels.
class Sky {
 public:
  explicit Sky(const std::vector<Star>& stars) : stars_(stars), cells_(cells * cells) {
    for (std::size_t i = 0; i < stars.size(); ++i)
      cells_[cell(stars[i].x, stars[i].y)].push_back(i);
  }
  template <class Body>
  void near(double x, double y, double reach, Body&& body) const {
    const auto clamp = [](double v) {
      return static_cast<std::size_t>(std::clamp(v / 8.0, 0.0, cells - 1.0));
    };
    for (std::size_t v = clamp(y - reach); v <= clamp(y + reach); ++v) {
      for (std::size_t u = clamp(x - reach); u <= clamp(x + reach); ++u) {
        for (const std::size_t i : cells_[v * cells + u]) {
          const double distance = std::hypot(stars_[i].x - x, stars_[i].y - y);
          if (distance <= reach) body(i, distance);
        }
      }
    }
  }

 private:
  static constexpr std::size_t cells = edge / 8 + 1;
  static std::size_t cell(double x, double y) {
    return static_cast<std::size_t>((y + 0.5) / 8.0) * cells +
           static_cast<std::size_t>((x + 0.5) / 8.0);
  }
  const std::vector<Star>& stars_;
  std::vector<std::vector<std::size_t>> cells_;
};

/// One to one, nearest pairs first, within one FWHM: an unresolved pair counts as one star found.
inline Score score(const std::vector<Star>& stars, const std::vector<Found>& found) {
  const Sky sky(stars);
  struct Pair {
    double distance;
    std::size_t star, source;
  };
  std::vector<Pair> pairs;
  for (std::size_t k = 0; k < found.size(); ++k) {
    sky.near(found[k].x, found[k].y, fwhm_px, [&](std::size_t i, double distance) {
      pairs.push_back({distance, i, k});
    });
  }
  std::sort(pairs.begin(), pairs.end(),
            [](const Pair& a, const Pair& b) { return a.distance < b.distance; });
  std::vector<char> star_used(stars.size(), 0);
  std::vector<char> source_used(found.size(), 0);
  Score result;
  result.found = found.size();
  for (const Pair& pair : pairs) {
    if (star_used[pair.star] != 0 || source_used[pair.source] != 0) continue;
    star_used[pair.star] = source_used[pair.source] = 1;
    ++result.real;
  }
  result.false_ones = found.size() - result.real;
  double at_10 = 0, at_10_found = 0, isolated = 0, isolated_found = 0;
  for (std::size_t i = 0; i < stars.size(); ++i) {
    const Star& star = stars[i];
    if (star.snr < 10.0 || star.x < 8 || star.y < 8 || star.x > edge - 9 || star.y > edge - 9)
      continue;
    at_10 += 1;
    at_10_found += star_used[i];
    bool alone = true;
    sky.near(star.x, star.y, 12.0,
             [&](std::size_t k, double) { alone = alone && (k == i || stars[k].snr < 1.0); });
    sky.near(star.x, star.y, 60.0, [&](std::size_t k, double) {
      alone = alone && (k == i || stars[k].snr < 30.0 * star.snr);
    });
    isolated += alone;
    isolated_found += alone && star_used[i] != 0;
  }
  result.complete_at_10 = at_10_found / std::max(1.0, at_10);
  result.complete_isolated = isolated_found / std::max(1.0, isolated);
  return result;
}

}  // namespace polis::bench
