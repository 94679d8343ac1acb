#include "kernels/matched_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "kernels/convolve.h"
#include "kernels/detect_reference.h"
#include "kernels/gaussian_stars_helpers.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

/// A turned, lopsided stamp: no product of a row and a column.
Plane<float> odd_kernel() {
  Plane<float> kernel(9, 7);
  float sum = 0.0F;
  for (std::ptrdiff_t y = 0; y < 7; ++y) {
    for (std::ptrdiff_t x = 0; x < 9; ++x) {
      const double u = static_cast<double>(x) - 4.2;
      const double v = static_cast<double>(y) - 2.9;
      kernel(x, y) =
          static_cast<float>(1.0 / std::pow(1.0 + u * u / 4 + v * v / 3 + 0.3 * u * v, 2.5));
      sum += kernel(x, y);
    }
  }
  for (std::ptrdiff_t i = 0; i < kernel.size(); ++i) kernel.data()[i] /= sum;
  return kernel;
}

void expect_near(const Plane<float>& a, const Plane<float>& b, float tolerance) {
  ASSERT_EQ(a.size(), b.size());
  float worst = 0.0F;
  for (std::ptrdiff_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(a.data()[i] - b.data()[i]));
  EXPECT_LT(worst, tolerance);
}

TEST(GaussianKernel, IsNormalisedAndHasItsWidth) {
  const Plane<float> kernel = gaussian_kernel(4.0);
  EXPECT_EQ(kernel.width(), 13);
  double sum = 0.0;
  for (std::ptrdiff_t i = 0; i < kernel.size(); ++i) sum += kernel.data()[i];
  EXPECT_NEAR(sum, 1.0, 1e-6);
  EXPECT_NEAR(kernel(8, 6) / kernel(6, 6), 0.5, 1e-5);
  EXPECT_EQ(separate_kernel(kernel.view()).rank(), 1U);
  EXPECT_EQ(gaussian_kernel(0.0).width(), 3);
}

TEST(Correlate, AgreesWithTheDirectSum) {
  const Plane<float> kernel = odd_kernel();
  for (const auto& [width, height] : {std::pair{1, 1}, {5, 3}, {37, 150}, {130, 131}, {300, 9}}) {
    const Plane<float> image = test::white_noise(width, height, 8);
    Plane<float> out(width, height);
    correlate(image.view(), kernel.view(), out.view());
    expect_near(out, reference::correlate(image.view(), kernel.view()), 1e-5F);
  }
}

TEST(Correlate, TruncatedRankStaysWithinItsTolerance) {
  const Plane<float> kernel = odd_kernel();
  const SeparableKernel few = separate_kernel(kernel.view(), 1e-3);
  EXPECT_LT(few.rank(), 7U);
  const Plane<float> image = test::white_noise(64, 64, 8);
  Plane<float> out(64, 64);
  correlate(image.view(), few, out.view());
  expect_near(out, reference::correlate(image.view(), kernel.view()), 5e-3F);
}

test::StarField messy_field(std::ptrdiff_t width, std::ptrdiff_t height) {
  test::StarField field =
      test::make_star_field(width, height, {{20, 30, 3e3}, {44, 12, 800}}, 3.0, 100.0);
  RandomStream random(2, "defects");
  for (std::ptrdiff_t i = 0; i < field.pixels.size(); ++i) {
    if (random.uniform() < 0.03) field.mask.data()[i] = mask_bits::cosmic_ray;
    if (random.uniform() < 0.02) field.mask.data()[i] = mask_bits::saturated;
    if (random.uniform() < 0.01) field.pixels.data()[i] = std::numeric_limits<float>::quiet_NaN();
    if (random.uniform() < 0.01) field.variance.data()[i] = 0.0F;
  }
  for (std::ptrdiff_t y = 20; y < std::min<std::ptrdiff_t>(40, height); ++y) {
    for (std::ptrdiff_t x = 50; x < std::min<std::ptrdiff_t>(75, width); ++x)
      field.mask(x, y) = mask_bits::bad;
  }
  return field;
}

TEST(MatchedFilter, AgreesWithItsDefinition) {
  for (const auto& [width, height] : {std::pair{1, 1}, {70, 40}, {90, 140}}) {
    const test::StarField field = messy_field(width, height);
    for (const Plane<float>& kernel : {gaussian_kernel(3.0), odd_kernel()}) {
      Plane<float> snr(width, height);
      matched_filter(field.measured(), KernelGrid::uniform(kernel), snr.view());
      const Plane<float> expected =
          reference::matched_filter(field.measured(), kernel.view(), 125.0);
      float highest = 0.0F;
      for (std::ptrdiff_t i = 0; i < snr.size(); ++i)
        highest = std::fmax(highest, expected.data()[i]);
      const float tolerance = 0.01F + 2e-3F * highest;
      for (std::ptrdiff_t i = 0; i < snr.size(); ++i) {
        if (!std::isnan(expected.data()[i])) {
          EXPECT_NEAR(snr.data()[i], expected.data()[i], tolerance);
        }
      }
    }
  }
}

TEST(MatchedFilter, OfEmptySkyHasUnitNoise) {
  const test::StarField field = test::make_star_field(256, 256, {}, 3.0, 400.0);
  Plane<float> snr(256, 256);
  matched_filter(field.measured(), KernelGrid::uniform(gaussian_kernel(3.0)), snr.view());
  double sum = 0.0;
  for (std::ptrdiff_t i = 0; i < snr.size(); ++i) sum += std::pow(snr.data()[i], 2);
  EXPECT_NEAR(std::sqrt(sum / static_cast<double>(snr.size())), 1.0, 0.03);
}

TEST(MatchedFilter, UsesTheKernelOfTheCell) {
  const test::StarField field = messy_field(100, 300);
  const Plane<float> narrow = gaussian_kernel(2.0);
  const Plane<float> wide = gaussian_kernel(5.0);
  Plane<float> mixed(100, 300);
  matched_filter(field.measured(), KernelGrid{2, 2, {narrow, wide, wide, narrow}}, mixed.view());
  Plane<float> of_narrow(100, 300);
  Plane<float> of_wide(100, 300);
  matched_filter(field.measured(), KernelGrid::uniform(narrow), of_narrow.view());
  matched_filter(field.measured(), KernelGrid::uniform(wide), of_wide.view());
  EXPECT_NEAR(mixed(20, 20), of_narrow(20, 20), 1e-3);
  EXPECT_NEAR(mixed(49, 100), of_narrow(49, 100), 1e-3);
  EXPECT_NEAR(mixed(50, 100), of_wide(50, 100), 1e-3);
  EXPECT_NEAR(mixed(20, 280), of_wide(20, 280), 1e-3);
  EXPECT_NEAR(mixed(99, 299), of_narrow(99, 299), 1e-3);
}

TEST(MatchedFilter, TakesTheNoiseFromTheBackgroundWithoutAVariancePlane) {
  test::StarField field = test::make_star_field(256, 256, {}, 3.0, 400.0);
  const Background background = estimate_background(field.pixels.view(), {});
  MeasuredPixels image;
  image.residual = field.pixels.view();
  image.background = &background;
  Plane<float> snr(256, 256);
  matched_filter(image, KernelGrid::uniform(gaussian_kernel(3.0)), snr.view());
  Plane<float> expected(256, 256);
  matched_filter(field.measured(), KernelGrid::uniform(gaussian_kernel(3.0)), expected.view());
  EXPECT_NEAR(snr(128, 128), expected(128, 128), 0.1);
}

TEST(MatchedFilter, OfWhollyUnusablePixelsIsZero) {
  test::StarField field = test::make_star_field(40, 40, {{20, 20, 1e4}}, 3.0, 100.0);
  for (std::ptrdiff_t i = 0; i < field.mask.size(); ++i) field.mask.data()[i] = mask_bits::no_data;
  Plane<float> snr(40, 40, 7.0F);
  matched_filter(field.measured(), KernelGrid::uniform(gaussian_kernel(3.0)), snr.view());
  for (std::ptrdiff_t i = 0; i < snr.size(); ++i) EXPECT_EQ(snr.data()[i], 0.0F);
}

TEST(MatchedFilter, IsTheSameForAnyNumberOfThreads) {
  const test::StarField field = messy_field(200, 500);
  set_thread_count(1);
  Plane<float> one(200, 500);
  matched_filter(field.measured(), KernelGrid::uniform(odd_kernel()), one.view());
  for (const int threads : {2, 4}) {
    set_thread_count(threads);
    Plane<float> many(200, 500);
    matched_filter(field.measured(), KernelGrid::uniform(odd_kernel()), many.view());
    EXPECT_EQ(one, many);
  }
}

}  // namespace
}  // namespace polis
