#include "kernels/psf_taps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/cubic_spline.h"
#include "kernels/psf.h"

namespace polis {
namespace {

constexpr int radius = 9;
constexpr int reach = 6;

PsfStarStamp star_at(double dx, double dy) {
  PsfStarStamp star;
  star.radius = radius;
  star.dx = dx;
  star.dy = dy;
  star.flux = 500.0;
  for (int p = 0; p < star.side() * star.stride(); ++p)
    star.weight.push_back(p % 7 == 0 ? 0.0F : 0.01F * static_cast<float>(1 + p % 5));
  return star;
}

std::vector<double> wavy(std::ptrdiff_t side) {
  std::vector<double> plane;
  for (std::ptrdiff_t i = 0; i < side * side; ++i)
    plane.push_back(std::sin(0.37 * static_cast<double>(i)) + 0.2);
  return plane;
}

/// Pixel by pixel, tap by tap. `target` empty: what `plane` predicts.
std::vector<double> spread_simply(const PsfStarStamp& star, const std::vector<double>& plane,
                                  const std::vector<float>& target, std::ptrdiff_t side, int os) {
  std::vector<double> sums(plane.size(), 0.0);
  for (int j = -reach; j <= reach; ++j)
    for (int i = -reach; i <= reach; ++i) {
      const double sx = static_cast<double>(side / 2) + os * (i - star.dx);
      const double sy = static_cast<double>(side / 2) + os * (j - star.dy);
      const auto wx = spline_weights(sx - std::floor(sx));
      const auto wy = spline_weights(sy - std::floor(sy));
      const auto first = static_cast<std::ptrdiff_t>(std::floor(sy) - 1.0) * side +
                         static_cast<std::ptrdiff_t>(std::floor(sx) - 1.0);
      const auto place = [&](std::size_t a, std::size_t b) {
        return static_cast<std::size_t>(first) + b * static_cast<std::size_t>(side) + a;
      };
      const std::size_t p = star.index(i + radius, j + radius);
      double light = 0.0;
      for (std::size_t b = 0; b < 4; ++b)
        for (std::size_t a = 0; a < 4; ++a) light += star.flux * wx[a] * wy[b] * plane[place(a, b)];
      if (!target.empty()) light = static_cast<double>(target[p]);
      for (std::size_t b = 0; b < 4; ++b)
        for (std::size_t a = 0; a < 4; ++a)
          sums[place(a, b)] +=
              wx[a] * wy[b] * static_cast<double>(star.weight[p]) * star.flux * light;
    }
  return sums;
}

void expect_same(int os, double dx, double dy, bool with_target) {
  const std::ptrdiff_t side = psf_samples(2 * radius + 1, os);
  const PsfStarStamp star = star_at(dx, dy);
  const std::vector<double> plane = wavy(side);
  const std::vector<float> target =
      with_target ? std::vector<float>(star.weight.rbegin(), star.weight.rend())
                  : std::vector<float>{};
  const PsfTaps taps(side, os, reach);
  std::vector<float> laid(taps.size()), sums(taps.size(), 0.0F);
  const std::vector<float> narrow(plane.begin(), plane.end());
  taps.lay(narrow.data(), laid.data());
  PsfTaps::Scratch scratch;
  taps.spread(star, with_target ? nullptr : laid.data(), target.data(), sums.data(), scratch);
  std::vector<float> found(plane.size(), 0.0F);
  taps.add_back(sums.data(), found.data());
  const std::vector<double> truth = spread_simply(star, plane, target, side, os);
  double largest = 0.0;
  for (const double value : truth) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < truth.size(); ++i)
    EXPECT_NEAR(found[i], truth[i], 1e-5 * largest) << "sample " << i << ", oversampling " << os;
}

TEST(PsfTaps, SpreadAsPixelByPixelDoes) {
  for (const int os : {1, 2, 3, 4})
    for (const double dx : {-1.0, -0.31, 0.0, 0.5, 1.0}) {
      expect_same(os, dx, 0.77 * dx - 0.2, false);
      expect_same(os, dx, 0.77 * dx - 0.2, true);
    }
}

}  // namespace
}  // namespace polis
