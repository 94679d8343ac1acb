#include "sky/associate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/random.h"

namespace polis {
namespace {

SkyPosition beside(SkyPosition p, double east_arcsec, double north_arcsec) {
  return {p.ra_deg + east_arcsec / 3600.0 / std::cos(p.dec_deg * 0.017453292519943295),
          p.dec_deg + north_arcsec / 3600.0};
}

constexpr SkyPosition kCentre{210.0, -35.0};

/// `things` on a grid 20 arcsec apart, each seen in every frame with the given error.
std::vector<SkyPoint> sky_of(int things, int frames, double error) {
  RandomStream random(7, "associate");
  std::vector<SkyPoint> points;
  for (int f = 0; f < frames; ++f) {
    for (int k = 0; k < things; ++k) {
      const SkyPosition truth = beside(kCentre, 20.0 * (k % 10), 20.0 * (k / 10));
      points.push_back({beside(truth, error * random.normal(), error * random.normal()), error,
                        60000.0 + 0.01 * f, f});
    }
  }
  return points;
}

TEST(associate, things_at_rest_are_one_each) {
  const auto points = sky_of(60, 12, 0.3);
  const auto groups = associate(points, {}, {});
  int complete = 0;
  double worst = 0.0;
  for (const SkyGroup& group : groups) {
    std::set<std::size_t> truths;
    for (std::size_t i : group.members) truths.insert(i % 60);
    EXPECT_EQ(truths.size(), 1U);
    if (group.members.size() < 11) continue;
    ++complete;
    const auto k = static_cast<int>(*truths.begin());
    worst = std::max(worst, separation_arcsec(group.position,
                                              beside(kCentre, 20.0 * (k % 10), 20.0 * (k / 10))));
  }
  EXPECT_GE(complete, 59);
  EXPECT_LE(groups.size(), 62U);
  EXPECT_LT(worst, 4.5 * 0.3 / std::sqrt(12.0));
}

TEST(associate, points_of_one_frame_are_different_things) {
  const std::vector<SkyPoint> points{{kCentre, 0.5, 60000.0, 0},
                                     {beside(kCentre, 0.4, 0.0), 0.5, 60000.0, 0},
                                     {beside(kCentre, 0.39, 0.0), 0.5, 60000.1, 1}};
  const auto groups = associate(points, {}, {});
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[1].members, (std::vector<std::size_t>{1, 2}));
}

TEST(associate, known_things_come_first_and_keep_their_place_when_not_seen) {
  const SkyPosition far{30.0, 80.0};
  const std::vector<SkyGroup> known{{far, 0.1, {}}, {kCentre, 0.1, {}}};
  const std::vector<SkyPoint> points{{beside(kCentre, 0.2, 0.1), 0.2, 60000.0, 0}};
  const auto groups = associate(points, known, {});
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_TRUE(groups[0].members.empty());
  EXPECT_EQ(groups[0].position.ra_deg, far.ra_deg);
  EXPECT_EQ(groups[1].members.size(), 1U);
}

TEST(associate, the_radius_follows_the_errors) {
  const auto two = [](double error, double distance) {
    const std::vector<SkyPoint> points{{kCentre, error, 60000.0, 0},
                                       {beside(kCentre, distance, 0.0), error, 60000.1, 1}};
    return associate(points, {}, {}).size();
  };
  EXPECT_EQ(two(0.05, 1.0), 2U);
  EXPECT_EQ(two(0.3, 1.0), 1U);
  EXPECT_EQ(two(5.0, 3.5), 2U);  // never farther apart than most_arcsec
}

TEST(associate, what_has_no_place_joins_nothing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<SkyPoint> points{{{nan, 3.0}, 0.1, 1.0, 0}, {kCentre, nan, 1.0, 0}};
  const auto groups = associate(points, {}, {});
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].members, (std::vector<std::size_t>{1}));
  EXPECT_TRUE(associate({}, {}, {}).empty());
}

}  // namespace
}  // namespace polis
