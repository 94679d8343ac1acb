#include "kernels/plane_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace polis {
namespace {

PlanePoint cubic(PlanePoint p) {
  const double s = p.x / 1000.0;
  const double t = p.y / 1000.0;
  return {3.0 + 2.0 * s - t + 0.3 * s * s + 0.1 * s * t * t,
          -1.0 + s + 2.0 * t - 0.2 * s * t + 0.05 * t * t * t};
}

struct Pairs {
  std::vector<PlanePoint> from, to;
  std::vector<double> weight;
};

Pairs make_pairs(std::size_t count, double sigma, std::uint64_t seed) {
  RandomStream stream(seed, "pairs");
  Pairs pairs;
  for (std::size_t i = 0; i < count; ++i) {
    const PlanePoint p{stream.uniform(0.0, 2000.0), stream.uniform(0.0, 1500.0)};
    const PlanePoint q = cubic(p);
    pairs.from.push_back(p);
    pairs.to.push_back({q.x + sigma * stream.normal(), q.y + sigma * stream.normal()});
    pairs.weight.push_back(sigma > 0.0 ? 1.0 / (sigma * sigma) : 1e6);
  }
  return pairs;
}

TEST(FitPlane, RecoversAPolynomialExactly) {
  const Pairs pairs = make_pairs(60, 0.0, 1);
  PlaneFit fit;
  PlaneFitSettings settings;
  settings.order = 3;
  ASSERT_TRUE(fit_plane(pairs.from, pairs.to, pairs.weight, settings, fit));
  for (std::size_t i = 0; i < pairs.from.size(); ++i) {
    EXPECT_NEAR(fit(pairs.from[i]).x, pairs.to[i].x, 1e-10);
    EXPECT_NEAR(fit(pairs.from[i]).y, pairs.to[i].y, 1e-10);
  }
}

TEST(FitPlane, RejectsOutliersAndPromisesHonestErrors) {
  double pull = 0.0;
  const int runs = 60;
  for (int run = 0; run < runs; ++run) {
    Pairs pairs = make_pairs(150, 0.01, static_cast<std::uint64_t>(run));
    for (std::size_t i = 0; i < 30; ++i) pairs.to[i].x += 0.5 + 0.01 * static_cast<double>(i);
    PlaneFit fit;
    PlaneFitSettings settings;
    settings.order = 3;
    ASSERT_TRUE(fit_plane(pairs.from, pairs.to, pairs.weight, settings, fit));
    for (std::size_t i = 0; i < 30; ++i) EXPECT_EQ(fit.used[i], 0);
    EXPECT_GE(fit.stars, 117U);
    const PlanePoint place{1400.0, 300.0};
    pull += std::pow(fit(place).x - cubic(place).x, 2) / fit.variance(place) / runs;
  }
  EXPECT_NEAR(pull, 1.0, 0.5);
}

TEST(FitPlane, WeightsCount) {
  // Ten good points say y = x; one point of tiny weight, far off, must not move the fit.
  std::vector<PlanePoint> from;
  std::vector<PlanePoint> to;
  std::vector<double> weight;
  RandomStream stream(5, "weights");
  for (int i = 0; i < 10; ++i) {
    from.push_back({stream.uniform(), stream.uniform()});
    to.push_back(from.back());
    weight.push_back(1.0);
  }
  from.push_back({0.5, 0.5});
  to.push_back({1.5, 0.5});
  weight.push_back(1e-12);
  PlaneFit fit;
  ASSERT_TRUE(fit_plane(from, to, weight, {}, fit));
  EXPECT_NEAR(fit({0.5, 0.5}).x, 0.5, 1e-9);
}

TEST(FitPlane, RefusesWhatDoesNotDetermineIt) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  PlaneFit fit;
  EXPECT_FALSE(fit_plane({}, {}, {}, {}, fit));
  const std::vector<PlanePoint> line{{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}};
  const std::vector<double> ones(5, 1.0);
  EXPECT_FALSE(fit_plane(line, line, ones, {}, fit));
  const std::vector<PlanePoint> same(5, PlanePoint{2.0, 2.0});
  EXPECT_FALSE(fit_plane(same, same, ones, {}, fit));
  const std::vector<PlanePoint> bad(5, PlanePoint{nan, 2.0});
  EXPECT_FALSE(fit_plane(bad, same, ones, {}, fit));
  const std::vector<PlanePoint> corners{{0, 0}, {1, 0}, {0, 1}, {1, 1}, {2, 1}};
  EXPECT_FALSE(fit_plane(corners, corners, std::vector<double>(5, 0.0), {}, fit));
  EXPECT_TRUE(fit_plane(corners, corners, ones, {}, fit));
}

}  // namespace
}  // namespace polis
