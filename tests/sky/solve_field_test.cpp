#include "sky/solve_field.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "kernels/parallel.h"
#include "sky/scene_helpers.h"

namespace polis {
namespace {

using namespace testing_sky;

/// Median distance between solved and true sky positions of the real detections. [px]
double median_error_px(const Scene& scene, const FieldSolution& solution) {
  std::vector<double> errors;
  for (std::size_t i = 0; i < scene.truth.size(); ++i) {
    const PixelPosition exact = scene.wcs.to_pixel(scene.truth[i]);
    errors.push_back(separation_arcsec(solution.wcs.to_sky(exact), scene.truth[i]) / 1.1);
  }
  std::sort(errors.begin(), errors.end());
  return errors[errors.size() / 2];
}

TEST(SolveField, FindsTheWcsFromTwentyArcminutesOffAtAnyAttitude) {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    const Scene scene = make_scene(seed);
    const FieldSolution solution = solve_field(scene.detected, scene.reference, scene.settings);
    ASSERT_TRUE(solution.found) << seed << ": " << solution.reason;
    EXPECT_EQ(solution.wcs.flipped(), scene.wcs.flipped());
    EXPECT_EQ(solution.wcs.sip_order, 3) << seed;
    EXPECT_LT(median_error_px(scene, solution), 0.02) << seed;
    EXPECT_NEAR(solution.fit.reduced_chi2, 1.0, 0.35);
    EXPECT_GT(solution.pairs.size(), 0.85 * static_cast<double>(scene.truth.size()));
  }
}

TEST(SolveField, HalfMissingAndThirtyPercentSpuriousChangeLittle) {
  for (std::uint64_t seed = 20; seed < 30; ++seed) {
    const Scene scene = make_scene(seed, 5.0, 0.3, 0.5);
    const FieldSolution solution = solve_field(scene.detected, scene.reference, scene.settings);
    ASSERT_TRUE(solution.found) << seed << ": " << solution.reason;
    EXPECT_LT(median_error_px(scene, solution), 0.02) << seed;
  }
}

TEST(SolveField, TakesNoDistortionWhereThereIsNone) {
  int plain = 0;
  for (std::uint64_t seed = 40; seed < 50; ++seed) {
    const Scene scene = make_scene(seed, 0.0);
    const FieldSolution solution = solve_field(scene.detected, scene.reference, scene.settings);
    ASSERT_TRUE(solution.found);
    plain += solution.wcs.sip_order == 0 ? 1 : 0;
  }
  EXPECT_GE(plain, 9);
}

TEST(SolveField, PositionErrorsOfTheWcsAreHonest) {
  double pull = 0.0;
  int count = 0;
  for (std::uint64_t seed = 60; seed < 72; ++seed) {
    const Scene scene = make_scene(seed);
    const FieldSolution solution = solve_field(scene.detected, scene.reference, scene.settings);
    ASSERT_TRUE(solution.found);
    for (const double x : {200.0, 1000.0, 1800.0}) {
      const PixelPosition pixel{x, 500.0};
      const double off = separation_arcsec(solution.wcs.to_sky(pixel), scene.wcs.to_sky(pixel));
      pull += 0.5 * std::pow(off / solution.fit.error_arcsec(pixel), 2);  // two axes
      ++count;
    }
  }
  EXPECT_NEAR(pull / count, 1.0, 0.6);
}

TEST(SolveField, WrongFieldHasNoSolution) {
  for (std::uint64_t seed = 80; seed < 82; ++seed) {
    const Scene a = make_scene(seed);
    Scene b = make_scene(seed + 1000);
    for (ReferenceStar& star : b.reference) {
      star.position =
          unproject_tan(a.settings.pointing, project_tan(b.wcs.reference, star.position));
    }
    const FieldSolution solution = solve_field(a.detected, b.reference, a.settings);
    EXPECT_FALSE(solution.found);
    EXPECT_FALSE(solution.reason.empty());
  }
}

TEST(SolveField, FewStarsEmptyListsAndNanAreAReasonNotAFault) {
  Scene scene = make_scene(90);
  EXPECT_FALSE(solve_field({}, scene.reference, scene.settings).reason.empty());
  EXPECT_FALSE(solve_field(scene.detected, {}, scene.settings).reason.empty());
  EXPECT_FALSE(
      solve_field(std::span(scene.detected).first(2), scene.reference, scene.settings).found);
  for (DetectedStar& star : scene.detected)
    star.position.x = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(solve_field(scene.detected, scene.reference, scene.settings).found);
  scene.settings.width = 0;
  EXPECT_FALSE(solve_field(scene.detected, scene.reference, scene.settings).found);
}

TEST(SolveField, NoPointingAndNoScaleStillSolveASmallReference) {
  Scene scene = make_scene(95);
  scene.settings.pointing = {std::numeric_limits<double>::quiet_NaN(), 0.0};
  scene.settings.pixel_scale_arcsec = std::numeric_limits<double>::quiet_NaN();
  const FieldSolution solution = solve_field(scene.detected, scene.reference, scene.settings);
  ASSERT_TRUE(solution.found) << solution.reason;
  EXPECT_LT(median_error_px(scene, solution), 0.02);
}

TEST(SolveField, SameBitsForAnyNumberOfThreads) {
  const Scene scene = make_scene(7);
  const int before = thread_count();
  set_thread_count(1);
  const Wcs one = solve_field(scene.detected, scene.reference, scene.settings).wcs;
  for (const int threads : {2, 4}) {
    set_thread_count(threads);
    EXPECT_EQ(solve_field(scene.detected, scene.reference, scene.settings).wcs, one);
  }
  set_thread_count(before);
}

TEST(SolveField, InversePolynomialsAlmostUndoTheDistortion) {
  const Scene scene = make_scene(3);
  Wcs wcs = scene.wcs;
  add_inverse_sip(wcs, kWidth, kHeight);
  ASSERT_EQ(wcs.sip_ap.size(), sip_size(3));
  // The position after the polynomials alone, as a reader without iteration makes it.
  const PixelPosition pixel{100.0, 1400.0};
  Wcs linear = wcs;
  linear.sip_order = 0;
  const PixelPosition distorted = linear.to_pixel(wcs.to_sky(pixel));
  double u = distorted.x - wcs.reference_pixel.x;
  double v = distorted.y - wcs.reference_pixel.y;
  double du = 0.0;
  for (int p = 0; p <= 3; ++p) {
    for (int q = 0; p + q <= 3; ++q)
      du += wcs.sip_ap[sip_index(p, q)] * std::pow(u, p) * std::pow(v, q);
  }
  EXPECT_GT(std::abs(distorted.x - pixel.x), 1.0);
  EXPECT_NEAR(distorted.x + du, pixel.x, 0.02);
}

}  // namespace
}  // namespace polis
