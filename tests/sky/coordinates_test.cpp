#include "sky/coordinates.h"

#include <erfa.h>
#include <erfam.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "sky/time.h"

namespace polis {
namespace {

const Site kPalomar{"palomar", 33.3563, -116.8648, 1706.0};

TEST(Observer, AltitudeAndAzimuthAgreeWithErfa) {
  RandomStream stream(5, "targets");
  for (int i = 0; i < 50; ++i) {
    const double mjd = stream.uniform(58000.0, 61500.0);
    const SkyPosition target{stream.uniform(0.0, 360.0), stream.uniform(-89.0, 89.0)};
    double az = 0, zd = 0, ha = 0, dec = 0, ra = 0, eo = 0;
    eraAtco13(target.ra_deg * ERFA_DD2R, target.dec_deg * ERFA_DD2R, 0, 0, 0, 0, 2400000.5, mjd,
              0.0, kPalomar.longitude_deg * ERFA_DD2R, kPalomar.latitude_deg * ERFA_DD2R,
              kPalomar.altitude_m, 0, 0, 0, 0, 0, 0.55, &az, &zd, &ha, &dec, &ra, &eo);
    const Observer observer(kPalomar, mjd);
    const HorizonPosition horizon = observer.to_horizon(target);
    EXPECT_NEAR(horizon.altitude_deg, 90.0 - zd / ERFA_DD2R, 1e-9);
    EXPECT_NEAR(horizon.azimuth_deg, az / ERFA_DD2R, 1e-8);
    EXPECT_NEAR(observer.hour_angle_deg(target), ha / ERFA_DD2R, 1e-9);
    const double apparent_ra = (ra - eo) / ERFA_DD2R;
    EXPECT_NEAR(std::remainder(observer.sidereal_time_deg() - apparent_ra - ha / ERFA_DD2R, 360.0),
                0.0, 0.03);
  }
}

TEST(Observer, UnknownSiteOrTimeGivesNan) {
  EXPECT_TRUE(std::isnan(Observer(Site{}, 58000.0).airmass({10.0, 20.0})));
  EXPECT_TRUE(std::isnan(Observer(kPalomar, kUnknown).to_horizon({10.0, 20.0}).altitude_deg));
  EXPECT_TRUE(std::isnan(Observer(kPalomar, kUnknown).moon().ra_deg));
  EXPECT_TRUE(std::isnan(moon_illumination(kUnknown)));
  EXPECT_FALSE((Site{"bad", 91.0, 0.0, 0.0}.known()));
}

TEST(Observer, ParallacticAngleIsZeroOnTheMeridianSouthOfTheZenith) {
  const Observer observer(kPalomar, 58107.3);
  double best = 1e9;
  double angle = 0.0;
  for (double ra = 0.0; ra < 360.0; ra += 0.05) {
    const double ha = std::abs(observer.hour_angle_deg({ra, 0.0}));
    if (ha < best) {
      best = ha;
      angle = observer.parallactic_angle_deg({ra, 0.0});
    }
  }
  EXPECT_NEAR(angle, 0.0, 0.1);
}

TEST(Airmass, FollowsTheSecantAndStaysFiniteToTheHorizon) {
  EXPECT_NEAR(airmass_of(90.0), 1.0, 1e-6);
  EXPECT_NEAR(airmass_of(30.0), 2.0, 0.01);
  EXPECT_NEAR(airmass_of(60.0), 1.0 / std::sin(60.0 * ERFA_DD2R), 1e-3);
  EXPECT_NEAR(airmass_of(0.0), 38.75, 0.5);
  EXPECT_TRUE(std::isinf(airmass_of(-1.0)));
  EXPECT_TRUE(std::isnan(airmass_of(kUnknown)));
}

TEST(Moon, CoversTheSunInTheEclipseOfAugust2017) {
  // Greatest eclipse 18:25:32 TT at 36.97 N, 87.67 W.
  const double mjd = *mjd_from_iso("2017-08-21T18:24:23");
  const Site hopkinsville{"hopkinsville", 36.97, -87.67, 150.0};
  EXPECT_LT(separation_arcsec(Observer(hopkinsville, mjd).moon(), sun_position(mjd)), 90.0);
  EXPECT_LT(moon_illumination(mjd), 1e-3);
}

TEST(Moon, IsFullAndNewWhenTheAlmanacSaysSo) {
  EXPECT_GT(moon_illumination(*mjd_from_iso("2017-12-03T15:47:00")), 0.997);
  EXPECT_LT(moon_illumination(*mjd_from_iso("2017-12-18T06:30:00")), 0.003);
  EXPECT_NEAR(moon_illumination(*mjd_from_iso("2017-12-26T09:20:00")), 0.5, 0.01);  // first quarter
}

TEST(Sun, StandsAtTheEquinoxAndSolstice) {
  const SkyPosition march = sun_position(*mjd_from_iso("2000-03-20T07:35:00"));
  EXPECT_NEAR(std::remainder(march.ra_deg, 360.0), 0.0, 0.02);
  EXPECT_NEAR(march.dec_deg, 0.0, 0.01);
  EXPECT_NEAR(sun_position(*mjd_from_iso("2000-06-21T01:48:00")).dec_deg, 23.44, 0.01);
}

TEST(ProperMotion, AgreesWithErfaForFastStars) {
  RandomStream stream(9, "stars");
  for (int i = 0; i < 30; ++i) {
    const SkyPosition start{stream.uniform(0.0, 360.0), stream.uniform(-88.0, 88.0)};
    const ProperMotion motion{stream.uniform(-3000.0, 3000.0), stream.uniform(-3000.0, 3000.0)};
    const double cos_dec = std::cos(start.dec_deg * ERFA_DD2R);
    double ra = 0, dec = 0, pmra = 0, pmdec = 0, px = 0, rv = 0;
    eraPmsafe(start.ra_deg * ERFA_DD2R, start.dec_deg * ERFA_DD2R,
              motion.pmra_mas_per_yr * ERFA_DMAS2R / cos_dec, motion.pmdec_mas_per_yr * ERFA_DMAS2R,
              0.01, 0.0, 2457388.5, 0.0, 2457388.5 + 3652.5, 0.0, &ra, &dec, &pmra, &pmdec, &px,
              &rv);
    const SkyPosition moved = at_epoch(start, motion, 2016.0, 2026.0);
    EXPECT_LT(separation_arcsec(moved, {ra / ERFA_DD2R, dec / ERFA_DD2R}), 5e-3);
  }
  const SkyPosition still{12.0, 34.0};
  EXPECT_EQ(at_epoch(still, {kUnknown, kUnknown}, 2016.0, 2026.0).ra_deg, 12.0);
}

}  // namespace
}  // namespace polis
