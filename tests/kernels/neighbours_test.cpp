#include "kernels/neighbours.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace polis {
namespace {

std::vector<PlanePoint> random_points(std::size_t count, double width, double height,
                                      std::uint64_t seed) {
  RandomStream stream(seed, "points");
  std::vector<PlanePoint> points;
  for (std::size_t i = 0; i < count; ++i)
    points.push_back({stream.uniform(0.0, width), stream.uniform(0.0, height)});
  return points;
}

/// The plain way: look at all of them.
std::ptrdiff_t nearest_of_all(const std::vector<PlanePoint>& points, PlanePoint place,
                              double radius) {
  std::ptrdiff_t best = -1;
  double least = radius * radius;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double d = std::pow(points[i].x - place.x, 2) + std::pow(points[i].y - place.y, 2);
    if (d < least || (d <= least && best < 0)) {
      best = static_cast<std::ptrdiff_t>(i);
      least = d;
    }
  }
  return best;
}

TEST(NeighbourGrid, FindsWhatLookingAtAllPointsFinds) {
  for (const double height : {1000.0, 0.5, 0.0}) {
    const auto points = random_points(700, 1000.0, height, 1);
    const NeighbourGrid grid(points);
    RandomStream stream(2, "places");
    for (int i = 0; i < 500; ++i) {
      const PlanePoint place{stream.uniform(-200.0, 1200.0),
                             stream.uniform(-200.0, height + 200.0)};
      const double radius = stream.uniform(0.0, 150.0);
      EXPECT_EQ(grid.nearest(place, radius), nearest_of_all(points, place, radius));
      std::vector<std::ptrdiff_t> all;
      for (std::size_t k = 0; k < points.size(); ++k) {
        if (std::pow(points[k].x - place.x, 2) + std::pow(points[k].y - place.y, 2) <=
            radius * radius) {
          all.push_back(static_cast<std::ptrdiff_t>(k));
        }
      }
      EXPECT_EQ(grid.within(place, radius), all);
    }
  }
}

TEST(NeighbourGrid, SurvivesEmptyEqualAndInfinitePoints) {
  EXPECT_EQ(NeighbourGrid({}).nearest({0.0, 0.0}, 10.0), -1);
  EXPECT_EQ(NeighbourGrid({}).density(), 0.0);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<PlanePoint> odd{{nan, 1.0}, {2.0, 2.0}, {inf, 0.0}, {2.0, 2.0}};
  const NeighbourGrid grid(odd);
  EXPECT_EQ(grid.nearest({2.5, 2.0}, 1.0), 1);
  EXPECT_EQ(grid.nearest({nan, 2.0}, 1.0), -1);
  EXPECT_EQ(grid.nearest({2.0, 2.0}, nan), -1);
  EXPECT_EQ(grid.within({2.0, 2.0}, inf).size(), 2U);
}

TEST(NeighbourGrid, OneFarPointDoesNotBlowUpTheCells) {
  auto points = random_points(1000, 1.0, 1.0, 3);
  points.push_back({1e12, -1e12});
  const NeighbourGrid grid(points);
  EXPECT_EQ(grid.nearest({1e12, -1e12}, 1.0), 1000);
  EXPECT_EQ(grid.nearest(points[17], 1e-9), 17);
}

TEST(MutualNearest, GivesEachPointToAtMostOnePartner) {
  const std::vector<PlanePoint> a{{0.0, 0.0}, {0.4, 0.0}, {10.0, 0.0}};
  const std::vector<PlanePoint> b{{0.1, 0.0}, {50.0, 0.0}};
  const auto pairs = mutual_nearest(a, b, 1.0);
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].first, 0);
  EXPECT_EQ(pairs[0].second, 0);
}

}  // namespace
}  // namespace polis
