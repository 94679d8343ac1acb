#include "kernels/noise_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/parallel.h"
#include "kernels/scene_helpers.h"

namespace polis {
namespace {

using test::Scene;

constexpr std::ptrdiff_t kSize = 512;

Scene star_field(int stars, double sky_e = 200.0, double fwhm = 2.5, std::uint64_t seed = 1) {
  Scene s(kSize, kSize, seed);
  s.sky_e = sky_e;
  test::add_stars(s, stars, 300.0, 1e6, fwhm);
  test::expose(s);
  return s;
}

NoiseCheck check(const Scene& s) { return check_noise(s.image.view(), s.variance.view(), {}); }

template <class Change>
void change(Plane<float>& plane, Change&& to) {
  for (std::ptrdiff_t i = 0; i < plane.size(); ++i) plane.data()[i] = to(plane.data()[i]);
}

/// Each pixel becomes the mean of 2 x 2: as if it had been resampled half a pixel off.
Plane<float> shifted_by_half(const Plane<float>& from) {
  Plane<float> to(from.width(), from.height());
  for (std::ptrdiff_t y = 0; y < from.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < from.width(); ++x) {
      const std::ptrdiff_t i = std::min(x + 1, from.width() - 1);
      const std::ptrdiff_t j = std::min(y + 1, from.height() - 1);
      to(x, y) = 0.25F * (from(x, y) + from(i, y) + from(x, j) + from(i, j));
    }
  }
  return to;
}

double median_of(const Plane<float>& plane) {
  std::vector<float> values(plane.data(), plane.data() + plane.size());
  std::nth_element(values.begin(), values.begin() + plane.size() / 2, values.end());
  return static_cast<double>(values[values.size() / 2]);
}

TEST(NoiseCheck, FindsThatAVarianceHoldsInEmptyAndCrowdedFields) {
  for (const int stars : {0, 300, 3000, 12000}) {
    Scene s(kSize, kSize, 1);
    test::add_stars(s, stars, 300.0, 1e5, 2.5);
    for (const double sky : {20.0, 200.0, 5000.0}) {
      s.sky_e = sky;
      test::expose(s);
      const NoiseCheck found = check(s);
      EXPECT_EQ(judge_noise(found), NoiseVerdict::holds)
          << stars << " stars on " << sky << ": fine " << found.fine << " coarse " << found.coarse;
      if (stars > 0) continue;
      EXPECT_NEAR(found.fine, 1.0, 0.03);
      EXPECT_NEAR(found.coarse, 1.0, 0.07);
    }
  }
}

TEST(NoiseCheck, LeavesARightVarianceAlone) {
  Scene s = star_field(300);
  const Plane<float> before = s.variance;
  correct_variance(check(s), s.variance.view());
  EXPECT_EQ(s.variance, before);
}

TEST(NoiseCheck, AddsTheNoiseOfASkyThatWasSubtracted) {
  Scene s = star_field(300, 4000.0);
  const double truth = median_of(s.variance);
  change(s.image, [](float v) { return v - 4000.0F; });
  for (std::ptrdiff_t i = 0; i < s.image.size(); ++i)
    s.variance.data()[i] = std::max(s.image.data()[i], 0.0F) + 25.0F;
  const NoiseCheck found = check(s);
  EXPECT_EQ(judge_noise(found), NoiseVerdict::too_small);
  correct_variance(found, s.variance.view());
  EXPECT_NEAR(median_of(s.variance), truth, 0.1 * truth);
}

TEST(NoiseCheck, ScalesTheVarianceOfAverages) {
  Scene s = star_field(30, 1000.0);
  // Sixteen frames averaged: the mean's noise is a quarter of one frame's.
  Plane<float> clean(kSize, kSize);
  for (std::ptrdiff_t i = 0; i < clean.size(); ++i)
    clean.data()[i] = static_cast<float>(s.sky_e) + s.stars.data()[i];
  for (std::ptrdiff_t i = 0; i < clean.size(); ++i)
    s.image.data()[i] = clean.data()[i] + 0.25F * (s.image.data()[i] - clean.data()[i]);
  const double truth = median_of(s.variance) / 16.0;
  const float star = s.variance.data()[1234] / 16.0F;
  correct_variance(check(s), s.variance.view());
  EXPECT_NEAR(median_of(s.variance), truth, 0.1 * truth);
  EXPECT_NEAR(s.variance.data()[1234], star, 0.1F * star);
}

TEST(NoiseCheck, KeepsTheVarianceOfSumsWherePixelsWereResampled) {
  Scene s = star_field(300);
  s.image = shifted_by_half(s.image);
  const NoiseCheck found = check(s);
  EXPECT_LT(found.fine, 0.2);
  EXPECT_GT(found.coarse, 0.6);
  EXPECT_EQ(judge_noise(found), NoiseVerdict::holds);
}

TEST(NoiseCheck, HoldsUnderASmoothNebula) {
  Scene s(kSize, kSize, 3);
  for (std::ptrdiff_t y = 0; y < kSize; ++y)
    for (std::ptrdiff_t x = 0; x < kSize; ++x)
      s.stars(x, y) +=
          static_cast<float>(2000.0 * std::pow(std::sin(0.05 * static_cast<double>(x)) *
                                                   std::cos(0.04 * static_cast<double>(y)),
                                               2));
  test::expose(s);
  const NoiseCheck found = check(s);
  EXPECT_EQ(judge_noise(found), NoiseVerdict::holds) << found.fine << " " << found.coarse;
}

TEST(NoiseCheck, LeavesMaskedPixelsOut) {
  Scene s = star_field(0);
  Plane<MaskPixel> mask(kSize, kSize);
  for (std::ptrdiff_t i = 0; i < mask.size(); i += 23) {
    mask.data()[i] = mask_bits::hot;
    s.image.data()[i] = i % 2 == 0 ? 1e7F : std::numeric_limits<float>::quiet_NaN();
  }
  const NoiseCheck found = check_noise(s.image.view(), s.variance.view(), mask.view());
  EXPECT_NEAR(found.fine, 1.0, 0.05);
  EXPECT_NEAR(found.coarse, 1.0, 0.15);
}

TEST(NoiseCheck, SaysNothingWhereThereIsNothingToMeasure) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto& [width, height] :
       {std::pair<int, int>{0, 0}, {1, 1}, {2, 500}, {9, 9}, {70, 70}})
    for (const float value : {0.0F, 7.0F, nan}) {
      const Plane<float> image(width, height, value);
      Plane<float> variance(width, height, 25.0F);
      const NoiseCheck found = check_noise(image.view(), variance.view(), {});
      EXPECT_EQ(judge_noise(found), NoiseVerdict::unknown);
      correct_variance(found, variance.view());
      EXPECT_EQ(variance, Plane<float>(width, height, 25.0F));
    }
  const Scene s = star_field(0);
  const Plane<MaskPixel> masked(kSize, kSize, mask_bits::bad);
  EXPECT_EQ(judge_noise(check_noise(s.image.view(), s.variance.view(), masked.view())),
            NoiseVerdict::unknown);
}

TEST(NoiseCheck, GivesTheSameOnAnyNumberOfThreads) {
  const Scene s = star_field(3000);
  const int before = thread_count();
  set_thread_count(1);
  const NoiseCheck one = check(s);
  for (const int threads : {2, 4}) {
    set_thread_count(threads);
    const NoiseCheck more = check(s);
    EXPECT_EQ(more.fine, one.fine);
    EXPECT_EQ(more.coarse, one.coarse);
    EXPECT_EQ(more.excess, one.excess);
    EXPECT_EQ(more.cells, one.cells);
  }
  set_thread_count(before);
}

}  // namespace
}  // namespace polis
