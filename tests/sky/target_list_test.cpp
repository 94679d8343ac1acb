#include "sky/target_list.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace polis {
namespace {

const SkyPosition kCentre{30.0, 45.0};
constexpr double kArcsec = 1.0 / 3600.0;

TEST(TargetList, JoinsWhatFramesHaveInCommon) {
  TargetList list(kCentre, 3.0);
  const std::vector<Sighting> first{{{30.0, 45.0}, 100}, {{30.1, 45.0}, 50}};
  const std::vector<Sighting> second{{{30.0, 45.0 + kArcsec}, 120}, {{30.2, 45.0}, 10}};
  list.add_frame(first);
  list.add_frame(second);
  const auto targets = list.select(1, 100);
  ASSERT_EQ(targets.size(), 3U);
  EXPECT_EQ(targets[0].seen, 2);
  EXPECT_EQ(targets[0].flux, 120);
  EXPECT_NEAR(targets[0].position.dec_deg, 45.0 + 0.5 * kArcsec, 1e-9);
  EXPECT_EQ(list.select(2, 100).size(), 1U);
}

TEST(TargetList, APersonsTargetTakesThePlaceOfTheStar) {
  TargetList list(kCentre, 3.0);
  const std::vector<Sighting> frame{{{30.0, 45.0}, 100}, {{30.1, 45.0}, 500}};
  list.add_frame(frame);
  list.add({"mine", {30.0, 45.0 + 2 * kArcsec}, "user", 0, 0});
  list.add({"", {30.0, 45.0}, "changed", 0, 0});
  list.add({"empty sky", {30.3, 45.0}, "user", 0, 0});
  const auto targets = list.select(1, 2);  // the brighter star has to go
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_EQ(targets[0].name, "mine");
  EXPECT_EQ(targets[0].reason, "user");
  EXPECT_NEAR(targets[0].position.dec_deg, 45.0, 1e-9);
  EXPECT_EQ(targets[1].name, "empty sky");
}

TEST(TargetList, LeavesOutWhatHasNoPosition) {
  TargetList list(kCentre, 3.0);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Sighting> frame{{{nan, 45.0}, 100}, {{210.0, -45.0}, 1}};
  list.add_frame(frame);
  list.add({"", {nan, nan}, "user", 0, 0});
  EXPECT_TRUE(list.select(0, 10).empty());
}

}  // namespace
}  // namespace polis
