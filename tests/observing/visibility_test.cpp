#include "observing/visibility.h"

#include <gtest/gtest.h>

#include "sky/time.h"

namespace polis {
namespace {

// Whipple Observatory on the night of 2017-12-20 UT: HAT-P-32 was followed there from dusk, past
// the zenith.
const Site kWhipple{"whipple", 31.68, -110.88, 2340.0};
const SkyPosition kHatP32{31.0427, 46.6878};

TEST(Visibility, SeesATargetThatWasObserved) {
  const double mjd = *mjd_from_iso("2017-12-20T03:00:00");
  EXPECT_TRUE(is_visible(kWhipple, kHatP32, mjd, {}));
  EXPECT_FALSE(is_visible(kWhipple, kHatP32, *mjd_from_iso("2017-12-19T20:00:00"), {}));  // noon
  EXPECT_FALSE(is_visible(kWhipple, {31.0, -70.0}, mjd, {}));  // never rises
}

TEST(Visibility, GivesOneWindowThatEndsWhenTheTargetIsLow) {
  const double noon = *mjd_from_iso("2017-12-19T19:00:00");
  const auto windows = visibility_windows(kWhipple, kHatP32, noon, noon + 1.0, {});
  ASSERT_EQ(windows.size(), 1U);
  const VisibilityWindow& window = windows.front();
  EXPECT_GT(window.end_mjd - window.begin_mjd, 5.0 / 24);
  EXPECT_LT(window.least_airmass, 1.06);
  EXPECT_GE(window.best_mjd, window.begin_mjd);
  EXPECT_NEAR(Observer(kWhipple, window.end_mjd).airmass(kHatP32), 2.0, 0.06);
}

TEST(Visibility, TheMoonShutsOutItsNeighbourhood) {
  const double mjd = *mjd_from_iso("2017-12-01T05:00:00");  // gibbous, up
  const SkyPosition moon = Observer(kWhipple, mjd).moon();
  VisibilityLimits limits;
  limits.max_airmass = 10.0;
  EXPECT_FALSE(is_visible(kWhipple, {moon.ra_deg + 1.0, moon.dec_deg}, mjd, limits));
  limits.moon_distance_deg = 0.1;
  EXPECT_TRUE(is_visible(kWhipple, {moon.ra_deg + 1.0, moon.dec_deg}, mjd, limits));
}

TEST(Visibility, SurvivesAnUnknownSite) {
  EXPECT_TRUE(visibility_windows({}, kHatP32, 58000, 58001, {}).empty());
  EXPECT_FALSE(is_visible({}, kHatP32, 58000, {}));
  EXPECT_TRUE(visibility_windows(kWhipple, {kUnknown, 0}, 58000, 58001, {}).empty());
}

}  // namespace
}  // namespace polis
