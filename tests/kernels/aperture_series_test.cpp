#include "kernels/aperture_series.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "base/random.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

/// Naive: 400 x 400 points per pixel.
double overlap_reference(double dx, double dy, double radius) {
  int inside = 0;
  for (int j = 0; j < 400; ++j) {
    for (int i = 0; i < 400; ++i) {
      if (std::hypot(dx - 0.5 + (i + 0.5) / 400, dy - 0.5 + (j + 0.5) / 400) < radius) ++inside;
    }
  }
  return inside / 160000.0;
}

TEST(CirclePixelOverlap, EqualsCountedPoints) {
  RandomStream random(1, "overlap");
  for (int i = 0; i < 60; ++i) {
    const double dx = random.uniform(-4, 4), dy = random.uniform(-4, 4), r = random.uniform(0.1, 5);
    EXPECT_NEAR(circle_pixel_overlap(dx, dy, r), overlap_reference(dx, dy, r), 2e-3)
        << dx << " " << dy << " " << r;
  }
}

TEST(CirclePixelOverlap, AddsUpToTheCircle) {
  double sum = 0.0;
  for (int j = -8; j <= 8; ++j) {
    for (int i = -8; i <= 8; ++i) sum += circle_pixel_overlap(i - 0.3, j + 0.2, 3.7);
  }
  EXPECT_NEAR(sum, std::numbers::pi * 3.7 * 3.7, 1e-10);
}

Plane<float> star_field(double x, double y, double flux, double sky) {
  Plane<float> image(64, 48, static_cast<float>(sky));
  for (int j = 0; j < 48; ++j) {
    for (int i = 0; i < 64; ++i) {
      const double r2 = (i - x) * (i - x) + (j - y) * (j - y);
      image(i, j) +=
          static_cast<float>(flux / (2 * std::numbers::pi * 1.44) * std::exp(-r2 / (2 * 1.44)));
    }
  }
  return image;
}

TEST(ApertureSeries, MeasuresAStarAboveItsSky) {
  const Plane<float> image = star_field(30.3, 20.6, 10000, 500);
  const Plane<float> variance(64, 48, 4.0F);
  const double x[] = {30.3}, y[] = {20.6};
  const auto s =
      aperture_series(image.view(), variance.view(), {}, x, y, {.radii_px = {2, 6}}).front();
  EXPECT_NEAR(s.sky, 500, 0.01);
  EXPECT_NEAR(s.flux[1], 10000, 5);
  EXPECT_NEAR(s.flux[0] / 10000, 1 - std::exp(-4 / (2 * 1.44)), 0.03);
  EXPECT_NEAR(s.flux_err[1], std::sqrt(4 * std::numbers::pi * 36), 0.5);
  EXPECT_EQ(s.masked_fraction[1], 0.0F);
}

TEST(ApertureSeries, FillsASpoiltPixelFromItsMirrorImage) {
  Plane<float> image = star_field(30.0, 20.0, 10000, 500);
  Plane<MaskPixel> mask(64, 48, 0);
  image(31, 20) = 30000.0F;
  mask(31, 20) = mask_bits::cosmic_ray;
  const double x[] = {30.0}, y[] = {20.0};
  const auto s = aperture_series(image.view(), {}, mask.view(), x, y, {.radii_px = {6}}).front();
  EXPECT_NEAR(s.flux[0], 10000, 5);
  EXPECT_NEAR(s.masked_fraction[0], 1 / (std::numbers::pi * 36), 1e-6);
  EXPECT_EQ(s.mask, mask_bits::cosmic_ray);
}

TEST(ApertureSeries, SaysNothingOutsideTheImage) {
  const Plane<float> image(20, 20, 1.0F);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double x[] = {1.0, -500.0, nan, 1e300, 10.0}, y[] = {10.0, 3.0, 3.0, 3.0, 10.0};
  const auto all = aperture_series(image.view(), {}, {}, x, y, {.radii_px = {3, 4}});
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(std::isnan(all[i].flux[0])) << i;
  EXPECT_NEAR(all[4].flux[1], 0.0, 1e-6);
  EXPECT_TRUE(std::isnan(aperture_series({}, {}, {}, x, y).front().flux[0]));
}

TEST(ApertureSeries, IsTheSameOnAnyNumberOfThreads) {
  const Plane<float> image = star_field(30.3, 20.6, 10000, 500);
  std::vector<double> x, y;
  for (int i = 0; i < 200; ++i) {
    x.push_back(10 + 0.2 * i);
    y.push_back(12 + 0.1 * i);
  }
  std::vector<std::vector<double>> fluxes;
  const int before = thread_count();
  for (int threads : {1, 2, 4}) {
    set_thread_count(threads);
    fluxes.emplace_back();
    for (const auto& s : aperture_series(image.view(), {}, {}, x, y))
      fluxes.back().push_back(s.flux[1]);
  }
  set_thread_count(before);
  EXPECT_EQ(fluxes[0], fluxes[1]);
  EXPECT_EQ(fluxes[0], fluxes[2]);
}

}  // namespace
}  // namespace polis
