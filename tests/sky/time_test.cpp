#include "sky/time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sky/coordinates.h"

namespace polis {
namespace {

TEST(Time, IsoAndMjdGoRoundTrip) {
  EXPECT_DOUBLE_EQ(*mjd_from_iso("2000-01-01T12:00:00"), 51544.5);
  EXPECT_DOUBLE_EQ(*mjd_from_iso("2000-01-01"), 51544.0);
  EXPECT_DOUBLE_EQ(*mjd_from_iso("2000-01-01 06:00"), 51544.25);
  EXPECT_EQ(iso_from_mjd(51544.5), "2000-01-01T12:00:00.000");
  for (const char* text : {"2017-12-20T05:04:00.123", "1999-12-31T23:59:59.999",
                           "2026-11-25T00:00:00.000", "2016-12-31T23:59:60.500"}) {
    ASSERT_TRUE(mjd_from_iso(text).has_value()) << text;
    EXPECT_EQ(iso_from_mjd(*mjd_from_iso(text)), text);
  }
  EXPECT_EQ(mjd_from_iso("2017-12-20T05:04:00Z"), mjd_from_iso("2017-12-20 05:04:00.000"));
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2017", "2017-13-01", "2017-02-29", "2017-12-20T25:00:00", "2017-12-20T05:61:00",
        "2017-12-20T05:04:61", "2017-12-20T", "20/12/17", "2017-12-20T05:04:00+01", "yesterday",
        "2017-12-20T-5:04:00", "99999999999999-01-01"}) {
    EXPECT_FALSE(mjd_from_iso(text).has_value()) << text;
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double huge = std::numeric_limits<double>::max();
  EXPECT_EQ(iso_from_mjd(nan), "");
  EXPECT_EQ(iso_from_mjd(huge), "");
  EXPECT_TRUE(std::isnan(tdb_from_utc(nan)));
  EXPECT_TRUE(std::isnan(bjd_tdb(huge, {10.0, 20.0})));
}

TEST(Time, TdbLeadsUtcByTheKnownSeconds) {
  // After 2017-01-01: TAI - UTC = 37 s, TT - TAI = 32.184 s, TDB - TT below 2 ms.
  EXPECT_NEAR((tt_from_utc(58107.2) - 58107.2) * 86400.0, 69.184, 1e-5);
  EXPECT_NEAR((tdb_from_utc(58107.2) - 58107.2) * 86400.0, 69.184, 2e-3);
  EXPECT_NEAR((tt_from_utc(51544.5) - 51544.5) * 86400.0, 64.184, 1e-5);
}

TEST(Time, LightReachesTheBarycentreLaterWhenEarthIsNearerToTheStar) {
  const double mjd = 58107.2;
  const SkyPosition sun = sun_position(mjd);
  const SkyPosition opposite{sun.ra_deg + 180.0, -sun.dec_deg};
  EXPECT_NEAR(barycentric_correction_s(mjd, opposite), 499.0 * 0.9838, 5.0);
  EXPECT_NEAR(barycentric_correction_s(mjd, sun), -499.0 * 0.9838, 5.0);
  const SkyPosition ecliptic_pole{270.0, 66.5607};
  EXPECT_LT(std::abs(barycentric_correction_s(mjd, ecliptic_pole)), 3.0);
}

TEST(Time, BjdAgreesWithAPublishedTime) {
  // HAT-P-32 seen from Mount Hopkins, middle of an exposure; the observers' reduction (EXOTIC
  // 0.15.2, which asks astropy) wrote BJD_TDB 2458107.56985755 for it. A double holds a Julian Date
  // to 4e-5 s.
  const SkyPosition hatp32{31.042833, 46.687833};
  const double bjd = bjd_tdb(*mjd_from_iso("2017-12-20T01:34:13.317"), hatp32);
  EXPECT_NEAR((bjd - 2458107.56985755) * 86400.0, 0.0, 0.1);
}

TEST(Time, JulianYearOfJ2016) { EXPECT_NEAR(julian_year(57388.5), 2016.0, 1e-12); }

}  // namespace
}  // namespace polis
