#include "simulate/variables.h"

#include <gtest/gtest.h>

#include <cmath>

namespace polis {
namespace {

Variable of_kind(VariableKind kind) {
  Variable v;
  v.kind = kind;
  v.epoch_mjd = 60000.0;
  return v;
}

TEST(RrLyrae, RepeatsRisesFasterThanItFallsAndHasItsAmplitude) {
  Variable v = of_kind(VariableKind::rr_lyrae);
  v.period_day = 0.55;
  v.amplitude_mag = 0.8;
  double low = 9.0, high = -9.0;
  int rising = 0, falling = 0;
  for (int i = 0; i < 1000; ++i) {
    const double t = 60000.0 + 0.55 * i / 1000.0;
    const double now = brightening(v, Band::r, t);
    EXPECT_NEAR(now, brightening(v, Band::r, t + 0.55 * 7), 1e-6);
    low = std::min(low, now);
    high = std::max(high, now);
    (brightening(v, Band::r, t + 1e-5) < now ? rising : falling)++;
  }
  EXPECT_NEAR(high - low, 0.8, 0.01);
  EXPECT_NEAR(rising, 150, 5);
  EXPECT_GT(brightening(v, Band::g, 60000.4) - brightening(v, Band::g, 60000.0), 0.9);
  EXPECT_GT(falling, rising);
}

TEST(Eclipsing, BothEclipsesHaveTheirDepth) {
  Variable v = of_kind(VariableKind::eclipsing);
  v.period_day = 1.0;
  v.amplitude_mag = 0.6;
  v.depth2_mag = 0.2;
  v.width = 0.2;
  EXPECT_NEAR(brightening(v, Band::r, 60003.0), 0.6, 1e-9);
  EXPECT_NEAR(brightening(v, Band::r, 60003.5), 0.2, 1e-9);
  EXPECT_EQ(brightening(v, Band::r, 60003.25), 0.0);
  EXPECT_NEAR(brightening(v, Band::r, 60003.075), 0.3, 1e-6);
}

TEST(Transit, DepthIsTheShareOfTheDiscWithLimbDarkening) {
  Variable v = of_kind(VariableKind::transit);
  v.period_day = 2.0;
  v.width = 0.05;
  v.radius_ratio = 0.1;
  const double depth = 1.0 - std::pow(10.0, -0.4 * brightening(v, Band::r, 60000.0));
  EXPECT_GT(depth, 0.010);
  EXPECT_LT(depth, 0.0135);
  EXPECT_EQ(brightening(v, Band::r, 60000.051), 0.0);
  EXPECT_GT(brightening(v, Band::r, 60000.045), 0.0);
  EXPECT_LT(brightening(v, Band::r, 60000.045), brightening(v, Band::r, 60000.03));
  EXPECT_NEAR(brightening(v, Band::r, 60000.02), brightening(v, Band::r, 59999.98), 1e-12);
}

TEST(Flare, RisesFastDecaysSlowlyAndIsStrongestInTheBlue) {
  Variable v = of_kind(VariableKind::flare);
  v.amplitude_mag = 1.0;
  v.width = 0.02;
  EXPECT_EQ(brightening(v, Band::r, 59999.9), 0.0);
  EXPECT_NEAR(brightening(v, Band::r, 60000.0), -1.0, 0.02);
  EXPECT_LT(brightening(v, Band::g, 60000.0), brightening(v, Band::r, 60000.0));
  EXPECT_LT(brightening(v, Band::r, 60000.01), brightening(v, Band::r, 60000.05));
  EXPECT_NEAR(brightening(v, Band::r, 60003.0), 0.0, 1e-3);
}

TEST(Supernova, IsNotThereThenRisesPeaksAndFades) {
  const Variable v = of_kind(VariableKind::supernova);
  EXPECT_GT(brightening(v, Band::r, 59980.0), 40.0);
  EXPECT_GT(brightening(v, Band::r, 59990.0), brightening(v, Band::r, 59995.0));
  EXPECT_NEAR(brightening(v, Band::r, 60000.0), 0.0, 1e-9);
  EXPECT_NEAR(brightening(v, Band::g, 60015.0), 1.1, 0.05);
  double before = 0.0;
  for (double day = 1.0; day < 120.0; day += 1.0) {
    const double now = brightening(v, Band::r, 60000.0 + day);
    EXPECT_GT(now, before);
    EXPECT_LT(now - before, 0.2);
    before = now;
  }
}

TEST(Asteroid, MovesUniformly) {
  const std::vector<Asteroid> asteroids = make_asteroids(scene_preset("tiny", 5));
  ASSERT_EQ(asteroids.size(), 2U);
  const Asteroid& a = asteroids[0];
  const double hour = 1.0 / 24.0;
  const double step = separation_arcsec(a.at(a.mjd), a.at(a.mjd + hour));
  EXPECT_NEAR(step, std::hypot(a.ra_rate_arcsec_h, a.dec_rate_arcsec_h), 1e-3);
  EXPECT_NEAR(separation_arcsec(a.at(a.mjd + hour), a.at(a.mjd + 2 * hour)), step, 1e-3);
}

TEST(Variables, AreOfEveryKindAndTheSameForTheSameSeed) {
  const std::vector<Variable> a = make_variables(scene_preset("tiny", 5));
  const std::vector<Variable> b = make_variables(scene_preset("tiny", 5));
  const std::vector<Variable> other = make_variables(scene_preset("tiny", 6));
  ASSERT_EQ(a.size(), 5U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(a[i].kind), i);
    EXPECT_EQ(a[i].star.position.ra_deg, b[i].star.position.ra_deg);
    EXPECT_NE(a[i].star.position.ra_deg, other[i].star.position.ra_deg);
  }
}

}  // namespace
}  // namespace polis
