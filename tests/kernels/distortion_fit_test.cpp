#include "kernels/distortion_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace polis {
namespace {

constexpr double kHalf = 1000.0;

struct Pairs {
  std::vector<PlanePoint> from, to;
  std::vector<double> weight;
};

PlanePoint lens(PlanePoint p, double radial, double tilt) {
  const double s = p.x / kHalf, t = p.y / kHalf, r2 = s * s + t * t;
  return {p.x + radial * s * r2 + tilt * s * s + 0.3 + 0.5 * t,
          p.y + radial * t * r2 + tilt * s * t - 0.2 - 0.4 * s};
}

Pairs make_pairs(int count, std::uint64_t seed, double radial, double tilt, double noise) {
  Pairs pairs;
  RandomStream random(seed, "lens");
  for (int i = 0; i < count; ++i) {
    const PlanePoint p{random.uniform(-kHalf, kHalf), random.uniform(-kHalf, kHalf)};
    const PlanePoint q = lens(p, radial, tilt);
    pairs.from.push_back(p);
    pairs.to.push_back({q.x + noise * random.normal(), q.y + noise * random.normal()});
    pairs.weight.push_back(1.0 / (noise * noise));
  }
  return pairs;
}

DistortionFit fit(const Pairs& pairs, int most_order = 4) {
  DistortionSettings settings;
  settings.most_order = most_order;
  settings.scale = kHalf;
  DistortionFit result;
  EXPECT_TRUE(fit_distortion(pairs.from, pairs.to, pairs.weight, settings, result));
  return result;
}

double rms_error(const DistortionFit& fit, double radial, double tilt) {
  double sum = 0.0;
  int count = 0;
  for (double x = -900; x <= 900; x += 300) {
    for (double y = -900; y <= 900; y += 300, ++count) {
      const PlanePoint a = fit({x, y}), b = lens({x, y}, radial, tilt);
      sum += 0.5 * (std::pow(a.x - b.x, 2) + std::pow(a.y - b.y, 2));
    }
  }
  return std::sqrt(sum / count);
}

TEST(DistortionFit, FifteenStarsSufficeForALens) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const DistortionFit found = fit(make_pairs(15, seed, 3.0, 0.0, 0.05));
    EXPECT_LT(rms_error(found, 3.0, 0.0), 0.15) << seed;
  }
}

TEST(DistortionFit, ManyStarsFindAnyDistortion) {
  const DistortionFit found = fit(make_pairs(600, 1, 30.0, -20.0, 0.05));
  EXPECT_LT(rms_error(found, 30.0, -20.0), 0.02);
  EXPECT_NEAR(found.chi2 / found.freedom, 1.0, 0.15);
}

TEST(DistortionFit, TakesTheLeastOrderThatTheStarsAskFor) {
  EXPECT_EQ(fit(make_pairs(60, 2, 0.0, 0.0, 0.05)).order, 1);
  EXPECT_EQ(fit(make_pairs(60, 2, 0.0, 2.0, 0.05)).order, 2);
  EXPECT_EQ(fit(make_pairs(60, 2, 3.0, 0.0, 0.05)).order, 3);
}

TEST(DistortionFit, SaysHowWellAPlaceIsKnown) {
  double pull2 = 0.0;
  int count = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const DistortionFit found = fit(make_pairs(20, 100 + seed, 3.0, 0.5, 0.05));
    for (const PlanePoint p : {PlanePoint{0.0, 0.0}, PlanePoint{700.0, -500.0}}) {
      const PlanePoint a = found(p), b = lens(p, 3.0, 0.5);
      pull2 += 0.5 * (std::pow(a.x - b.x, 2) + std::pow(a.y - b.y, 2)) / found.variance(p);
      ++count;
    }
  }
  EXPECT_NEAR(std::sqrt(pull2 / count), 1.0, 0.25);
}

TEST(DistortionFit, LeavesOutStrangers) {
  Pairs pairs = make_pairs(60, 3, 3.0, 0.5, 0.05);
  for (std::size_t i = 0; i < 12; ++i) pairs.to[i].x += 4.0 + static_cast<double>(i);
  const DistortionFit found = fit(pairs);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(found.used[i], 0) << i;
  EXPECT_LT(rms_error(found, 3.0, 0.5), 0.08);
}

TEST(DistortionFit, RefusesWhatDeterminesNothing) {
  DistortionFit found;
  DistortionSettings settings;
  settings.scale = kHalf;
  EXPECT_FALSE(fit_distortion({}, {}, {}, settings, found));
  Pairs line = make_pairs(20, 4, 0.0, 0.0, 0.05);
  for (std::size_t i = 0; i < 20; ++i) line.from[i].y = line.from[i].x;
  EXPECT_FALSE(fit_distortion(line.from, line.to, line.weight, settings, found));
  Pairs lost = make_pairs(20, 5, 0.0, 0.0, 0.05);
  for (PlanePoint& p : lost.to) p.x = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(fit_distortion(lost.from, lost.to, lost.weight, settings, found));
}

}  // namespace
}  // namespace polis
