#include "kernels/background.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "kernels/clipped_sky.h"
#include "kernels/detect_reference.h"
#include "kernels/gaussian_stars_helpers.h"
#include "kernels/natural_spline.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// Noise about 100 with a tail of stars.
std::vector<float> sky_with_stars(std::size_t count, double star_part, std::uint64_t seed) {
  RandomStream random(seed, "sky");
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) {
    double value = 100.0 + 10.0 * random.normal();
    if (random.uniform() < star_part) value += 40.0 * random.exponential();
    values.push_back(static_cast<float>(value));
  }
  return values;
}

TEST(ClippedSky, AgreesWithSortingAtEveryStep) {
  ClippedSkyScratch scratch;
  for (const std::size_t count : {9U, 100U, 1000U, 4096U}) {
    for (const double stars : {0.0, 0.02, 0.1, 0.3}) {
      std::vector<float> values = sky_with_stars(count, stars, count);
      const reference::Sky expected = reference::clipped_sky(values, 3.0);
      const ClippedSky sky = clipped_sky(values, 3.0F, scratch);
      // The ends of the interval follow an interpolated median: a fraction of the statistical
      // error.
      const double tolerance = 0.3 * expected.sigma / std::sqrt(static_cast<double>(count));
      EXPECT_NEAR(sky.median, expected.median, tolerance) << count << ' ' << stars;
      EXPECT_NEAR(sky.mean, expected.mean, tolerance);
      EXPECT_NEAR(sky.sigma, expected.sigma, tolerance);
    }
  }
}

TEST(ClippedSky, MedianIsExactWhereNothingIsClipped) {
  ClippedSkyScratch scratch;
  std::vector<float> odd{3, 1, 2, 5, 4};
  EXPECT_FLOAT_EQ(clipped_sky(odd, 10.0F, scratch).median, 3.0F);
  std::vector<float> even{3, 1, 2, 5, 4, 8};
  EXPECT_FLOAT_EQ(clipped_sky(even, 10.0F, scratch).median, 3.5F);
}

TEST(ClippedSky, IntegerPixelsKeepTheFractionOfTheLevel) {
  ClippedSkyScratch scratch;
  for (const double level : {50.0, 50.25, 50.5, 50.8}) {
    RandomStream random(3, "integers", static_cast<std::uint64_t>(level * 100));
    std::vector<float> values;
    for (int i = 0; i < 20000; ++i)
      values.push_back(static_cast<float>(std::round(level + 1.5 * random.normal())));
    EXPECT_NEAR(clipped_sky(values, 3.0F, scratch).median, level, 0.05) << level;
  }
}

TEST(ClippedSky, OfNothingAndOfEqualValues) {
  ClippedSkyScratch scratch;
  std::vector<float> none;
  EXPECT_EQ(clipped_sky(none, 3.0F, scratch).kept, 0U);
  std::vector<float> one{7.0F};
  EXPECT_FLOAT_EQ(clipped_sky(one, 3.0F, scratch).mode, 7.0F);
  std::vector<float> equal(100, 7.0F);
  const ClippedSky sky = clipped_sky(equal, 3.0F, scratch);
  EXPECT_FLOAT_EQ(sky.mode, 7.0F);
  EXPECT_FLOAT_EQ(sky.sigma, 0.0F);
  std::vector<float> huge{-3e38F, 3e38F, 0.0F, 1.0F, 3e38F};
  EXPECT_TRUE(std::isfinite(clipped_sky(huge, 3.0F, scratch).median));
}

TEST(NaturalSpline, AgreesWithTheDenseSystem) {
  const std::vector<float> values{1.0F, 4.0F, -2.0F, 0.5F, 7.0F, 3.0F};
  std::vector<float> bend(values.size());
  natural_spline_bend(values, bend);
  const std::vector<double> wide(values.begin(), values.end());
  for (double knot = 0.0; knot <= 5.0; knot += 0.125) {
    const SplinePlace at = spline_place(knot, values.size());
    EXPECT_NEAR(spline_value(values[at.low], values[at.high], bend[at.low], bend[at.high], at.part),
                reference::natural_spline(wide, knot), 1e-5);
  }
}

TEST(Background, RecoversASmoothSkyUnderStars) {
  std::vector<test::Star> stars;
  RandomStream random(9, "stars");
  for (int i = 0; i < 300; ++i) {
    stars.push_back(
        {random.uniform(0, 511), random.uniform(0, 511), 2000.0 * random.exponential()});
  }
  test::StarField field = test::make_star_field(512, 512, stars, 3.0, 400.0);
  const auto truth = [](double x, double y) {
    return 400.0 + 0.05 * x + 20.0 * std::sin(y / 150.0);
  };
  for (std::ptrdiff_t y = 0; y < 512; ++y) {
    for (std::ptrdiff_t x = 0; x < 512; ++x) {
      field.pixels(x, y) +=
          static_cast<float>(truth(static_cast<double>(x), static_cast<double>(y)));
    }
  }
  const Background background = estimate_background(field.pixels.view(), {});
  EXPECT_EQ(background.level.width(), 8);
  double worst = 0.0;
  for (double y = 32; y < 480; y += 7) {
    for (double x = 32; x < 480; x += 7) {
      worst = std::max(worst, std::abs(static_cast<double>(background_level_at(background, x, y)) -
                                       truth(x, y)));
    }
  }
  EXPECT_LT(worst, 0.15 * std::sqrt(425.0));
  EXPECT_NEAR(background.global_rms, std::sqrt(425.0), 1.0);
}

TEST(Background, RowsAgreeWithPointsAndWithTheReferenceSpline) {
  Plane<float> image = test::white_noise(300, 200, 4);
  const Background background = estimate_background(image.view(), {});
  ASSERT_EQ(background.level.width(), 5);
  ASSERT_EQ(background.level.height(), 3);
  std::vector<float> row(300);
  for (const std::ptrdiff_t y : {0, 1, 33, 100, 199}) {
    background_level_row(background, y, row.data());
    for (std::ptrdiff_t x = 0; x < 300; ++x) {
      EXPECT_NEAR(row[static_cast<std::size_t>(x)],
                  background_level_at(background, static_cast<double>(x), static_cast<double>(y)),
                  1e-5);
    }
  }
  background_level_row(background, 100, row.data());
  std::vector<double> across;
  for (std::ptrdiff_t i = 0; i < 5; ++i) {
    std::vector<double> column;
    for (std::ptrdiff_t j = 0; j < 3; ++j) column.push_back(background.level(i, j));
    across.push_back(reference::natural_spline(column, 100.5 / background.cell_height_px - 0.5));
  }
  for (const std::size_t x : {30U, 77U, 150U, 269U}) {
    EXPECT_NEAR(row[x],
                reference::natural_spline(across, (static_cast<double>(x) + 0.5) / 60.0 - 0.5),
                1e-5);
  }
}

TEST(Background, LeavesMaskedAndMissingPixelsOut) {
  test::StarField field = test::make_star_field(256, 256, {}, 3.0, 100.0);
  for (std::ptrdiff_t y = 0; y < 256; ++y) {
    for (std::ptrdiff_t x = 0; x < 256; x += 3) {
      field.pixels(x, y) = 5000.0F;
      field.mask(x, y) = mask_bits::hot;
    }
    for (std::ptrdiff_t x = 1; x < 256; x += 6) field.pixels(x, y) = nan;
  }
  const Background background = estimate_background(field.pixels.view(), field.mask.view());
  EXPECT_NEAR(background.global_level, 0.0, 0.8);
  EXPECT_NEAR(background.global_rms, std::sqrt(125.0), 0.5);
}

TEST(Background, FillsCellsWithoutPixelsFromTheNearest) {
  test::StarField field = test::make_star_field(256, 256, {}, 3.0, 100.0);
  for (std::ptrdiff_t y = 0; y < 64; ++y) {
    for (std::ptrdiff_t x = 0; x < 128; ++x) field.pixels(x, y) = nan;
  }
  BackgroundSettings settings;
  settings.filter_meshes = 1;
  const Background background =
      estimate_background(field.pixels.view(), field.mask.view(), settings);
  EXPECT_FLOAT_EQ(background.level(0, 0), background.level(0, 1));
  EXPECT_FLOAT_EQ(background.level(1, 0), 0.5F * (background.level(2, 0) + background.level(1, 1)));
}

TEST(Background, OfDegenerateImagesIsFinite) {
  for (const auto& [width, height] :
       {std::pair{1, 1}, {2048, 30}, {30, 2048}, {65, 64}, {7, 200}}) {
    for (const float value : {nan, 0.0F, 12.0F}) {
      Plane<float> image(width, height, value);
      const Background background = estimate_background(image.view(), {});
      std::vector<float> row(static_cast<std::size_t>(width));
      for (std::ptrdiff_t y = 0; y < height; y += 13) {
        background_level_row(background, y, row.data());
        for (const float level : row) EXPECT_FLOAT_EQ(level, std::isnan(value) ? 0.0F : value);
        background_rms_row(background, y, row.data());
        for (const float rms : row) EXPECT_FLOAT_EQ(rms, 0.0F);
      }
    }
  }
  EXPECT_TRUE(estimate_background(View<const float>(), {}).level.empty());
}

TEST(Background, SubtractingTakesTheLevelAway) {
  test::StarField field = test::make_star_field(200, 150, {}, 3.0, 100.0);
  const Plane<float> before = field.pixels;
  const Background background = estimate_background(field.pixels.view(), {});
  subtract_background(background, field.pixels.view());
  EXPECT_NEAR(field.pixels(70, 80), before(70, 80) - background_level_at(background, 70, 80), 1e-4);
}

TEST(Background, IsTheSameForAnyNumberOfThreads) {
  const test::StarField field = test::make_star_field(400, 300, {{100, 100, 5e4}}, 3.0, 100.0);
  set_thread_count(1);
  const Background one = estimate_background(field.pixels.view(), field.mask.view());
  for (const int threads : {2, 4}) {
    set_thread_count(threads);
    const Background many = estimate_background(field.pixels.view(), field.mask.view());
    EXPECT_EQ(one.level, many.level);
    EXPECT_EQ(one.rms_bends.xxyy, many.rms_bends.xxyy);
  }
}

}  // namespace
}  // namespace polis
