#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>
#include <span>

#include "simulate/galaxies.h"
#include "simulate/stars.h"

namespace polis {
namespace {

TEST(Galactic, PoleCentreAndNode) {
  EXPECT_NEAR(galactic({192.85948, 27.12825})[1], 90.0, 1e-6);
  const auto centre = galactic({266.40510, -28.93617});
  EXPECT_NEAR(std::remainder(centre[0], 360.0), 0.0, 1e-3);
  EXPECT_NEAR(centre[1], 0.0, 1e-3);
  const auto crab = galactic({83.63308, 22.01450});
  EXPECT_NEAR(crab[0], 184.5575, 2e-3);
  EXPECT_NEAR(crab[1], -5.7843, 2e-3);
}

TEST(StarCounts, AreThoseOfBahcallAndSoneira) {
  // At the pole about 70 stars per square degree and magnitude at V = 15; more at low latitude and
  // faint.
  EXPECT_NEAR(star_counts(15.0, 0.0, 90.0), 71.5, 3.0);
  EXPECT_GT(star_counts(18.0, 90.0, 30.0), 1.5 * star_counts(18.0, 90.0, 80.0));
  for (double m = 11.0; m < 21.0; m += 1.0)
    EXPECT_GT(star_counts(m + 1.0, 120.0, 45.0), star_counts(m, 120.0, 45.0));
}

TEST(StarsIn, FollowTheCountsByMagnitude) {
  Scene scene = scene_preset("tiny", 3);
  const SkyCap cap{{190.0, 30.0}, 1.0};
  const auto [l, b] = galactic(cap.centre);
  const double area = std::numbers::pi;
  int brighter[] = {0, 0, 0};
  for (const Star& star : stars_in(scene, cap)) {
    for (int k = 0; k < 3; ++k) {
      if (star.mag[1] >= 14.0 + 2.0 * k && star.mag[1] < 16.0 + 2.0 * k) ++brighter[k];
    }
  }
  for (int k = 0; k < 3; ++k) {
    double expected = 0.0;
    for (double m = 14.005 + 2.0 * k; m < 16.0 + 2.0 * k; m += 0.01)
      expected += 0.01 * star_counts(m + 0.2, l, b);
    expected *= area;
    EXPECT_NEAR(brighter[k], expected, 5.0 * std::sqrt(expected) + 0.01 * expected) << 14 + 2 * k;
  }
}

TEST(StarsIn, TheSameStarsWhateverTheCap) {
  const Scene scene = scene_preset("tiny", 3);
  const SkyCap small{{133.4, 8.6}, 0.15};
  std::set<std::int64_t> ids;
  for (const Star& star : stars_in(scene, {{133.5, 8.7}, 0.6})) {
    EXPECT_TRUE(ids.insert(star.id).second);
  }
  const std::vector<Star> inside = stars_in(scene, small);
  EXPECT_GT(inside.size(), 100U);
  for (const Star& star : inside) EXPECT_TRUE(ids.contains(star.id));
}

TEST(StarsIn, CoversTheSkyAcrossRightAscensionZeroAndAtThePole) {
  const Scene scene = scene_preset("tiny", 3);
  int east = 0, west = 0;
  for (const Star& star : stars_in(scene, {{0.0, 40.0}, 0.3}))
    (star.position.ra_deg < 180.0 ? east : west)++;
  EXPECT_GT(east, 100);
  EXPECT_NEAR(east, west, 6.0 * std::sqrt(east + west));
  int quadrant[4] = {};
  for (const Star& star : stars_in(scene, {{10.0, 90.0}, 0.3}))
    quadrant[static_cast<int>(star.position.ra_deg / 90.0)]++;
  for (const int count : quadrant) EXPECT_GT(count, 50);
}

TEST(StarsIn, ClusterMembersCrowdTheField) {
  Scene scene = scene_preset("crowded", 3);
  const std::size_t with = stars_in(scene, {scene.fields[0], 0.05}).size();
  scene.cluster_stars = 0.0;
  EXPECT_GT(with, 8 * stars_in(scene, {scene.fields[0], 0.05}).size());
}

TEST(GalaxyStamp, SumsToOneWithItsCentroidAtThePlace) {
  Galaxy galaxy;
  galaxy.bulge_share = 0.3;
  galaxy.disc_radius_arcsec = 3.0;
  galaxy.bulge_radius_arcsec = 1.0;
  galaxy.axis_ratio = 0.5;
  galaxy.arm_strength = 0.7;
  const Plane<float> stamp = galaxy_stamp(galaxy, {1.0, 0.0, 0.0, 1.0}, 0.3, -0.2, 30);
  double sum = 0.0, x = 0.0, y = 0.0, xx = 0.0, yy = 0.0;
  for (int py = 0; py < 61; ++py) {
    for (int px = 0; px < 61; ++px) {
      const double v = static_cast<double>(stamp(px, py));
      sum += v;
      x += v * (px - 30);
      y += v * (py - 30);
      xx += v * (px - 30.3) * (px - 30.3);
      yy += v * (py - 29.8) * (py - 29.8);
    }
  }
  EXPECT_NEAR(sum, 1.0, 1e-5);
  EXPECT_NEAR(x, 0.3, 0.02);
  EXPECT_NEAR(y, -0.2, 0.02);
  EXPECT_GT(xx, 1.5 * yy);  // elongated along its major axis
}

TEST(GalaxiesIn, CountsGrowWithMagnitude) {
  const Scene scene = scene_preset("tiny", 3);
  int bright = 0, faint = 0;
  for (const Galaxy& galaxy : galaxies_in(scene, {{150.0, 2.0}, 0.5}))
    (galaxy.mag[1] < 20.0 ? bright : faint)++;
  EXPECT_GT(bright, 100);
  EXPECT_GT(faint, 4 * bright);
}

}  // namespace
}  // namespace polis
