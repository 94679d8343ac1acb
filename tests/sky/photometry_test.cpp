#include "sky/photometry.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "sky/astrometry.h"
#include "sky/catalog_stars.h"
#include "sky/photometry_helpers.h"
#include "sky/scene_helpers.h"

namespace polis {
namespace {

using namespace testing_sky;

TEST(ZeroPoint, IsFoundWithinFiveMillimagnitudesAndHonestErrors) {
  double pull = 0.0;
  const int frames = 15;
  for (int i = 0; i < frames; ++i) {
    const Made made = make_frame(static_cast<std::uint64_t>(i), 0.0, 0.0);
    const ZeroPoint zero = fit_zero_point(made.catalog, made.exposure, made.reference, {});
    ASSERT_TRUE(zero.found) << zero.reason;
    EXPECT_NEAR(zero.mag, kTrueZeroPoint, 0.005);
    EXPECT_GT(zero.stars, 50U);
    EXPECT_EQ(zero.colour_term, 0.0);
    pull += std::pow((zero.mag - kTrueZeroPoint) / zero.error_mag, 2) / frames;
  }
  EXPECT_NEAR(pull, 1.0, 0.9);
}

TEST(ZeroPoint, FindsColourTermAndSlope) {
  const Made made = make_frame(50, 0.08, 0.06);
  const ZeroPoint zero = fit_zero_point(made.catalog, made.exposure, made.reference, {});
  ASSERT_TRUE(zero.found);
  EXPECT_EQ(zero.colour, "mag_r - mag_i");
  // The colour column is r - i = -(g-like colour): the sign turns.
  EXPECT_NEAR(zero.colour_term, -0.08, 0.02);
  EXPECT_GE(zero.spatial_order, 1);
  EXPECT_NEAR(zero.map(kWidth - 1, 0.5 * kHeight, kWidth, kHeight) -
                  zero.map(0.0, 0.5 * kHeight, kWidth, kHeight),
              0.06, 0.015);
}

TEST(ZeroPoint, MagnitudesAgreeWithTruthAndFactsAreWritten) {
  Made made = make_frame(60, 0.0, 0.0);
  const PhotometryOptions options;
  const ZeroPoint zero = fit_zero_point(made.catalog, made.exposure, made.reference, options);
  write_photometry(made.catalog, made.exposure, zero, options);
  const Table& sources = made.catalog.at("sources");
  const auto& mag = sources.get<float>("mag");
  const auto& flux = sources.get<double>("flux_psf");
  EXPECT_NEAR(static_cast<double>(mag[0]), kTrueZeroPoint - 2.5 * std::log10(flux[0] / 30.0), 0.01);
  EXPECT_EQ(made.catalog.facts.at("photometric"), "yes");
  EXPECT_NEAR(number_of(made.catalog.facts, "zero_point_mag"), kTrueZeroPoint, 0.005);
  // Noise of one star under a Gaussian PSF of FWHM 3 px and 5 e sky: 22.6 e; 5 times that in 30 s.
  EXPECT_NEAR(number_of(made.catalog.facts, "limiting_mag"),
              kTrueZeroPoint - 2.5 * std::log10(5.0 * 22.58 / 30.0), 0.01);
  EXPECT_EQ(made.catalog.facts.at("exposure_id"), "test-1");
}

TEST(ZeroPoint, WithoutReferenceMagnitudesAreInstrumentalWithACaveat) {
  Made made = make_frame(61, 0.0, 0.0);
  made.exposure.physical_filter = "z";
  const ZeroPoint zero = fit_zero_point(made.catalog, made.exposure, made.reference, {});
  EXPECT_FALSE(zero.found);
  write_photometry(made.catalog, made.exposure, zero, {});
  EXPECT_EQ(made.catalog.facts.at("photometric"), "unknown");
  EXPECT_FALSE(made.catalog.facts.contains("zero_point_mag"));
  EXPECT_NE(made.catalog.facts.at("caveat_photometry").find("filter 'z'"), std::string::npos);
  EXPECT_TRUE(std::isfinite(made.catalog.at("sources").get<float>("mag")[0]));
}

TEST(ZeroPoint, EmptyCatalogAndNegativeFluxesAreNoFault) {
  Scene scene = make_scene(62);
  scene.detected.clear();
  TableSet empty = catalog_of(scene);
  const auto references = reference_stars(reference_of(scene).at("stars"), kUnknown, "r");
  write_astrometry(empty, solve_catalog(empty, exposure_of(scene), references, {}), "icrs");
  const ZeroPoint zero = fit_zero_point(empty, exposure_of(scene), reference_of(scene), {});
  EXPECT_FALSE(zero.found);
  write_photometry(empty, exposure_of(scene), zero, {});
  Made made = make_frame(63, 0.0, 0.0);
  for (double& flux : made.catalog.at("sources").get<double>("flux_psf")) flux = -flux;
  EXPECT_FALSE(fit_zero_point(made.catalog, made.exposure, made.reference, {}).found);
  write_photometry(made.catalog, made.exposure, {}, {});
  EXPECT_TRUE(std::isnan(made.catalog.at("sources").get<float>("mag")[0]));
}

TEST(ZeroPoint, CloudEdgeMakesTheFrameNotPhotometric) {
  Made made = make_frame(64, 0.0, 0.0, 0.12);
  const ZeroPoint zero = fit_zero_point(made.catalog, made.exposure, made.reference, {});
  write_photometry(made.catalog, made.exposure, zero, {});
  EXPECT_EQ(made.catalog.facts.at("photometric"), "no");
  EXPECT_NE(made.catalog.facts.at("caveat_photometry"), "");
}

}  // namespace
}  // namespace polis
