#include "sky/movers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "sky/line_motion.h"

namespace polis {
namespace {

constexpr SkyPosition kCentre{150.0, 12.0};
constexpr double kArcsecPerRadian = 206264.80624709636;

/// A night of one site: movers with known rates, and unrelated detections.
struct Night {
  std::vector<MovingPoint> points;
  std::vector<int> truth;  ///< per point: number of the mover, -1: unrelated
  RandomStream random{3, "movers"};
  double error = 0.2;

  void add(double hours, double east, double north, int frame, int mover, double mag = 19.0) {
    const double x = east + error * random.normal(), y = north + error * random.normal();
    points.push_back({{unproject_tan(kCentre, {x / kArcsecPerRadian, y / kArcsecPerRadian}), error,
                       60000.0 + hours / 24.0, frame},
                      mag,
                      "r"});
    truth.push_back(mover);
  }
  void add_mover(int number, double east, double north, double rate_east, double rate_north,
                 const std::vector<double>& hours, double bend = 0.0) {
    for (std::size_t f = 0; f < hours.size(); ++f) {
      const double t = hours[f];
      add(t, east + rate_east * t, north + rate_north * t + 0.5 * bend * t * t, static_cast<int>(f),
          number);
    }
  }
  void add_unrelated(int per_frame, const std::vector<double>& hours) {
    for (std::size_t f = 0; f < hours.size(); ++f)
      for (int k = 0; k < per_frame; ++k)
        add(hours[f], random.uniform(-1800, 1800), random.uniform(-1800, 1800), static_cast<int>(f),
            -1);
  }
};

const std::vector<double> kHours{0.0, 0.3, 0.6, 1.0, 1.5, 2.0};

MoverSettings with_area() {
  MoverSettings settings;
  settings.area_arcsec2 = 3600.0 * 3600.0;
  return settings;
}

/// The members' common truth; -2: mixed.
int truth_of(const Night& night, const Tracklet& t) {
  const int first = night.truth[t.members.front()];
  const bool pure = std::all_of(t.members.begin(), t.members.end(),
                                [&](std::size_t i) { return night.truth[i] == first; });
  return pure ? first : -2;
}

TEST(movers, asteroids_are_linked_among_unrelated_detections) {
  Night night;
  for (int k = 0; k < 12; ++k)
    night.add_mover(k, -1500.0 + 250.0 * k, 900.0 - 150.0 * k, 20.0 + 3.0 * k, -10.0 + k, kHours);
  night.add_unrelated(20, kHours);
  MoverSettings settings = with_area();
  settings.pairs = false;
  const auto tracklets = link_movers(night.points, settings);
  ASSERT_EQ(tracklets.size(), 12U);
  for (const Tracklet& t : tracklets) {
    const int k = truth_of(night, t);
    ASSERT_GE(k, 0);
    EXPECT_EQ(t.members.size(), kHours.size());
    EXPECT_NEAR(t.rate_ra_arcsec_per_h, 20.0 + 3.0 * k, 5.0 * t.rate_error_arcsec_per_h);
    EXPECT_NEAR(t.rate_dec_arcsec_per_h, -10.0 + k, 5.0 * t.rate_error_arcsec_per_h);
    EXPECT_LT(t.chance, 1e-6);
  }
}

TEST(movers, unrelated_detections_make_no_tracklets) {
  int found = 0;
  for (int night_number = 0; night_number < 5; ++night_number) {
    Night night;
    night.random = RandomStream(100, "unrelated", static_cast<std::uint64_t>(night_number));
    night.add_unrelated(30, kHours);
    found += static_cast<int>(link_movers(night.points, with_area()).size());
  }
  EXPECT_EQ(found, 0);
}

TEST(movers, things_at_rest_are_no_movers) {
  Night night;
  RandomStream places(11, "rest");
  for (int k = 0; k < 20; ++k)
    night.add_mover(k, places.uniform(-1800, 1800), places.uniform(-1800, 1800), 0.0, 0.0, kHours);
  EXPECT_TRUE(link_movers(night.points, with_area()).empty());
}

TEST(movers, the_bend_of_parallax_is_allowed_for) {
  Night night;
  night.add_mover(0, 0.0, 0.0, 30.0, 5.0, {0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5}, 0.4);
  const auto tracklets = link_movers(night.points, with_area());
  ASSERT_EQ(tracklets.size(), 1U);
  EXPECT_EQ(tracklets[0].members.size(), 8U);
}

TEST(movers, two_detections_are_linked_only_where_chance_is_small) {
  Night few;
  few.add_mover(0, 0.0, 0.0, 40.0, 10.0, {0.0, 0.25});
  const auto pairs = link_movers(few.points, with_area());
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].members.size(), 2U);
  Night many = few;
  many.add_unrelated(40, {0.0, 0.25});
  EXPECT_TRUE(link_movers(many.points, with_area()).empty());
  MoverSettings strict = with_area();
  strict.pairs = false;
  EXPECT_TRUE(link_movers(few.points, strict).empty());
}

TEST(movers, brightness_tells_different_things_apart) {
  Night night;
  night.add(0.0, 0.0, 0.0, 0, 0, 18.0);
  night.add(0.5, 20.0, 0.0, 1, 0, 20.5);
  EXPECT_TRUE(link_movers(night.points, with_area()).empty());
}

TEST(movers, a_line_gives_position_angle_and_rate) {
  Tracklet t;
  t.rate_ra_arcsec_per_h = -3.0;
  t.rate_dec_arcsec_per_h = 0.0;
  EXPECT_DOUBLE_EQ(t.rate_arcsec_per_h(), 3.0);
  EXPECT_DOUBLE_EQ(t.position_angle_deg(), 270.0);
  const std::vector<TimedPlace> places{{{0, 0}, 0, 1}, {{2, 4}, 1, 1}, {{4, 8}, 2, 1}};
  const LineMotion line = fit_line_motion(places);
  ASSERT_TRUE(line.determined);
  EXPECT_NEAR(line.rate.x, 2.0, 1e-12);
  EXPECT_NEAR(line.at(3.0).y, 12.0, 1e-12);
  EXPECT_NEAR(line.rate_error, std::sqrt(0.5), 1e-12);
  EXPECT_FALSE(fit_line_motion({}).determined);
  EXPECT_FALSE(fit_line_motion(std::vector<TimedPlace>(2)).determined);
}

TEST(movers, nothing_or_one_point_is_no_trouble) {
  EXPECT_TRUE(link_movers({}, {}).empty());
  Night night;
  night.add(0, 0, 0, 0, 0);
  EXPECT_TRUE(link_movers(night.points, {}).empty());
  night.points.resize(3);  // points without a position or a time
  EXPECT_TRUE(link_movers(night.points, {}).empty());
}

}  // namespace
}  // namespace polis
