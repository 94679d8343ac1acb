#include "kernels/overscan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"

namespace polis {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Plane<float> noise(std::ptrdiff_t width, std::ptrdiff_t height, double sigma, std::uint64_t seed) {
  Plane<float> plane(width, height);
  RandomStream stream(seed, "overscan");
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    for (std::ptrdiff_t x = 0; x < width; ++x)
      plane(x, y) = static_cast<float>(sigma * stream.normal());
  }
  return plane;
}

double rms_error(const std::vector<float>& levels, const std::vector<double>& truth) {
  double sum = 0.0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    sum += std::pow(static_cast<double>(levels[i]) - truth[i], 2);
  }
  return std::sqrt(sum / static_cast<double>(levels.size()));
}

TEST(Overscan, FollowsADriftWithLessNoiseThanOneRow) {
  Plane<float> plane = noise(32, 400, 4.0, 1);
  std::vector<double> truth(400);
  for (std::ptrdiff_t y = 0; y < 400; ++y) {
    truth[static_cast<std::size_t>(y)] = 1000.0 + 0.01 * static_cast<double>(y);
    for (std::ptrdiff_t x = 0; x < 32; ++x) {
      plane(x, y) += static_cast<float>(truth[static_cast<std::size_t>(y)]);
    }
  }
  std::vector<float> levels(400);
  EXPECT_NEAR(overscan_levels(plane.view(), {}, levels), 4.0, 0.15);
  EXPECT_LT(rms_error(levels, truth), 0.5 * 4.0 / std::sqrt(32.0));
}

TEST(Overscan, KeepsJumpsFromRowToRow) {
  Plane<float> plane = noise(32, 400, 2.0, 2);
  std::vector<double> truth(400);
  for (std::ptrdiff_t y = 0; y < 400; ++y) {
    truth[static_cast<std::size_t>(y)] = y % 2 == 0 ? 500.0 : 506.0;
    for (std::ptrdiff_t x = 0; x < 32; ++x) {
      plane(x, y) += static_cast<float>(truth[static_cast<std::size_t>(y)]);
    }
  }
  std::vector<float> levels(400);
  overscan_levels(plane.view(), {}, levels);
  EXPECT_LT(rms_error(levels, truth), 1.3 * 2.0 / std::sqrt(32.0));
}

TEST(Overscan, IsNotMovedByDeferredChargeOrHits) {
  Plane<float> plane = noise(20, 200, 3.0, 3);
  for (std::ptrdiff_t y = 0; y < 200; ++y) {
    plane(0, y) += 3000.0F;
    plane(1, y) += 90.0F;
  }
  plane(10, 100) = 60000.0F;
  std::vector<float> levels(200);
  overscan_levels(plane.view(), {}, levels);
  for (const float level : levels) EXPECT_NEAR(level, 0.0F, 2.0F);
}

TEST(Overscan, RowsWithoutValuesTakeTheLevelOfTheWhole) {
  Plane<float> plane(8, 10, 7.0F);
  for (std::ptrdiff_t x = 0; x < 8; ++x) plane(x, 4) = kNan;
  std::vector<float> levels(10);
  overscan_levels(plane.view(), {}, levels);
  for (const float level : levels) EXPECT_FLOAT_EQ(level, 7.0F);
}

TEST(Overscan, SurvivesDegenerateSections) {
  std::vector<float> levels(3);
  EXPECT_TRUE(std::isnan(overscan_levels(View<const float>{}, {}, levels)));
  EXPECT_TRUE(std::isnan(levels[0]));
  const Plane<float> one(1, 3, 5.0F);
  overscan_levels(one.view(), {}, levels);
  EXPECT_FLOAT_EQ(levels[2], 5.0F);
  const Plane<float> blank(4, 3, kNan);
  overscan_levels(blank.view(), {}, levels);
  EXPECT_TRUE(std::isnan(levels[1]));
  EXPECT_TRUE(std::isnan(overscan_level(blank.view(), {})));
}

}  // namespace
}  // namespace polis
