#include "sky/astrometry.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "sky/coordinates.h"
#include "sky/scene_helpers.h"
#include "sky/wcs_facts.h"

namespace polis {
namespace {

using namespace testing_sky;

std::string fact(const TableSet& set, const std::string& key) {
  const auto found = set.facts.find(key);
  return found == set.facts.end() ? "" : found->second;
}

TEST(Astrometry, WritesPositionsErrorsAndFacts) {
  const Scene scene = make_scene(1);
  TableSet catalog = catalog_of(scene);
  const TableSet reference = reference_of(scene);
  const auto stars = reference_stars(reference.at("stars"), kUnknown, "r");
  const FieldSolution solution = solve_catalog(catalog, exposure_of(scene), stars, {});
  ASSERT_TRUE(solution.found) << solution.reason;
  write_astrometry(catalog, solution, "icrs");
  EXPECT_EQ(wcs_from(catalog.facts), solution.wcs);
  const Table& sources = catalog.at("sources");
  double pull = 0.0;
  for (std::size_t i = 0; i < scene.truth.size(); ++i) {
    const SkyPosition sky{sources.get<double>("ra")[i], sources.get<double>("dec")[i]};
    const double error = static_cast<double>(
        std::hypot(sources.get<float>("ra_err")[i], sources.get<float>("dec_err")[i]));
    pull += std::pow(separation_arcsec(sky, scene.truth[i]) / error, 2) /
            static_cast<double>(scene.truth.size());
  }
  EXPECT_NEAR(pull, 1.0, 0.2);
  EXPECT_EQ(fact(catalog, "astrometry_frame"), "icrs");
  EXPECT_GT(number_of(catalog.facts, "astrometry_stars"), 200.0);
  EXPECT_NEAR(number_of(catalog.facts, "astrometry_chi2"), 1.0, 0.4);
  EXPECT_EQ(fact(catalog, "caveat_astrometry"), "");
}

TEST(Astrometry, ProperMotionIsAppliedToTheEpochOfTheExposure) {
  Scene scene = make_scene(2);
  TableSet reference = reference_of(scene);
  Table& stars = reference.at("stars");
  const std::size_t rows = stars.rows();
  // All stars fly west and north for 15 years: 1.5 and 0.75 arcsec.
  stars.add({"pmra", "mas/yr", "", "", std::vector<double>(rows, -100.0)});
  stars.add({"pmdec", "mas/yr", "", "", std::vector<double>(rows, 50.0)});
  stars.add({"epoch", "yr", "", "", std::vector<double>(rows, 2000.0)});
  const auto moved = reference_stars(stars, 2015.0, "r");
  const auto still = reference_stars(stars, kUnknown, "r");
  EXPECT_NEAR(separation_arcsec(moved[5].position, still[5].position), 1.677, 1e-3);
  EXPECT_GT(moved[5].position.dec_deg, still[5].position.dec_deg);
}

TEST(Astrometry, NoSolutionIsACaveatAndColumnsOfNan) {
  Scene scene = make_scene(3);
  scene.detected.resize(3);
  TableSet catalog = catalog_of(scene);
  catalog.facts["wcs_cd"] = "1 0 0 1";
  const auto stars = reference_stars(reference_of(scene).at("stars"), kUnknown, "r");
  write_astrometry(catalog, solve_catalog(catalog, exposure_of(scene), stars, {}), "icrs");
  EXPECT_TRUE(std::isnan(catalog.at("sources").get<double>("ra")[0]));
  EXPECT_FALSE(wcs_from(catalog.facts).valid);
  EXPECT_NE(fact(catalog, "caveat_astrometry").find("only 3 stars"), std::string::npos);
  TableSet empty;
  empty.tables.emplace_back("sources");
  write_astrometry(empty, solve_catalog(empty, Exposure{}, stars, {}), "icrs");
  EXPECT_NE(fact(empty, "caveat_astrometry"), "");
}

TEST(Astrometry, FramesThatDriftTurnAndFlipAreRegisteredToTheAnchor) {
  const Scene scene = make_scene(4, 2.0, 0.1);
  const TableSet anchor = catalog_of(scene);
  Exposure exposure = exposure_of(scene);
  const Wcs anchor_wcs = pseudo_wcs(exposure);
  RandomStream stream(6, "drift");
  for (int i = 0; i < 12; ++i) {
    // Another view of the same stars: shifted by up to 40 % of the frame, turned, every third one
    // mirrored.
    const double turn = i == 0 ? 0.0 : stream.uniform(0.0, 6.2831853);
    const double side = i % 3 == 2 ? -1.0 : 1.0;
    const double dx = stream.uniform(-0.4, 0.4) * kWidth;
    const double dy = stream.uniform(-0.3, 0.3) * kHeight;
    Scene view = scene;
    view.detected.clear();
    std::vector<SkyPosition> truth;
    for (const DetectedStar& star : scene.detected) {
      const double u = star.position.x - 0.5 * kWidth - dx;
      const double v = star.position.y - 0.5 * kHeight - dy;
      DetectedStar seen = star;
      seen.position = {
          0.5 * kWidth + side * (std::cos(turn) * u - std::sin(turn) * v) + 0.03 * stream.normal(),
          0.5 * kHeight + std::sin(turn) * u + std::cos(turn) * v + 0.03 * stream.normal()};
      seen.error_px = 0.03;
      seen.flux *= 1.0 + 0.05 * stream.normal();
      const PixelPosition p = seen.position;
      if (p.x < 0 || p.y < 0 || p.x > kWidth || p.y > kHeight || stream.uniform() < 0.2) continue;
      view.detected.push_back(seen);
      truth.push_back(anchor_wcs.to_sky(star.position));
    }
    TableSet catalog = catalog_of(view);
    const FieldSolution solution = solve_against_anchor(catalog, exposure, anchor, anchor_wcs, {});
    ASSERT_TRUE(solution.found) << i << ": " << solution.reason;
    write_astrometry(catalog, solution, "anchor");
    double worst = 0.0;
    for (std::size_t k = 0; k < truth.size(); ++k) {
      const SkyPosition sky{catalog.at("sources").get<double>("ra")[k],
                            catalog.at("sources").get<double>("dec")[k]};
      worst = std::max(worst, separation_arcsec(sky, truth[k]) / kScaleArcsec);
    }
    EXPECT_LT(worst, 0.3) << i;
  }
}

TEST(Astrometry, PseudoWcsNeedsNothingKnown) {
  const Wcs wcs = pseudo_wcs(Exposure{});
  EXPECT_TRUE(wcs.valid);
  EXPECT_NEAR(wcs.pixel_scale_arcsec(), 1.0, 1e-12);
  EXPECT_EQ(wcs.reference.ra_deg, 180.0);
}

TEST(CatalogStars, MagnitudeColumnFallsBackToTheFirstThatThereIs) {
  Table stars("stars");
  stars.add({"ra", "deg", "", "", std::vector<double>{1.0}});
  EXPECT_EQ(magnitude_column(stars, "r"), "");
  stars.add({"mag_G_err", "mag", "", "", std::vector<double>{1.0}});
  stars.add({"mag_G", "mag", "", "", std::vector<double>{1.0}});
  stars.add({"mag_r", "mag", "", "", std::vector<double>{1.0}});
  EXPECT_EQ(magnitude_column(stars, "r"), "mag_r");
  EXPECT_EQ(magnitude_column(stars, "clear"), "mag_G");
}

}  // namespace
}  // namespace polis
