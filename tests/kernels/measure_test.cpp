#include "kernels/measure.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "base/random.h"
#include "kernels/apertures.h"
#include "kernels/convolve.h"
#include "kernels/detect_reference.h"
#include "kernels/gaussian_stars_helpers.h"
#include "kernels/parallel.h"
#include "kernels/source_flags.h"
#include "kernels/windowed_centroid.h"

namespace polis {
namespace {

constexpr double fwhm_per_sigma = 2.354820045030949;

SourceStamp stamp_of(const Plane<float>& image) {
  const Plane<float> variance(image.width(), image.height(), 1.0F);
  const Plane<std::int32_t> labels(image.width(), image.height());
  SourceStamp stamp;
  MeasuredPixels pixels;
  pixels.residual = image.view();
  pixels.variance = variance.view();
  const auto middle = static_cast<std::int32_t>(image.width() / 2);
  cut_stamp(pixels, labels.view(), 1, middle, middle, middle, stamp);
  return stamp;
}

std::vector<SourceMeasurement> measure(const test::StarField& field, double fwhm_px) {
  const Detections found =
      detect_sources(field.measured(), KernelGrid::uniform(gaussian_kernel(fwhm_px)));
  MeasureSettings settings;
  settings.psf_fwhm_px = fwhm_px;
  settings.aperture_radii_px = {5.0, 2.5};
  return measure_sources(field.measured(), found, settings);
}

TEST(CircleSum, IsExactInArea) {
  const SourceStamp stamp = stamp_of(Plane<float>(41, 41, 1.0F));
  for (const double r : {0.05, 0.3, 0.5, 0.72, 1.0, 3.3, 10.0, 19.0}) {
    for (const double x : {20.0, 20.25, 20.5, 19.77}) {
      const ApertureSum sum = circle_sum(stamp, x, 20.31, r);
      EXPECT_NEAR(sum.flux, std::numbers::pi * r * r, 1e-9 * (1.0 + r * r));
      EXPECT_NEAR(sum.variance, std::numbers::pi * r * r, 1e-9 * (1.0 + r * r));
    }
  }
}

TEST(CircleSum, AgreesWithFineSubsampling) {
  const Plane<float> image = test::white_noise(25, 25, 3);
  const SourceStamp stamp = stamp_of(image);
  for (const double r : {0.4, 1.7, 4.0, 8.9}) {
    for (const double x : {12.0, 11.6, 12.49, 3.2}) {
      const double expected = reference::circle_sum(image.view(), x, 13.3, r, 200);
      EXPECT_NEAR(circle_sum(stamp, x, 13.3, r).flux, expected, 2e-3 * (1.0 + r)) << r << ' ' << x;
    }
  }
}

TEST(CircleSum, WithoutPixelsIsZero) {
  const SourceStamp stamp = stamp_of(Plane<float>(9, 9, 1.0F));
  EXPECT_EQ(circle_sum(stamp, 4, 4, 0.0).flux, 0.0);
  EXPECT_EQ(circle_sum(stamp, -50, 4, 5.0).flux, 0.0);
  EXPECT_NEAR(circle_sum(stamp, 4, 4, 100.0).flux, 81.0, 1e-8);
}

TEST(EllipseSum, HasTheAreaOfTheEllipse) {
  const SourceStamp stamp = stamp_of(Plane<float>(81, 81, 1.0F));
  const double a = 3.0;
  const double b = 1.5;
  for (const double theta : {0.0, 0.4, 1.2}) {
    const double c = std::cos(theta);
    const double s = std::sin(theta);
    const EllipseShape shape{c * c / (a * a) + s * s / (b * b), s * s / (a * a) + c * c / (b * b),
                             2.0 * c * s * (1.0 / (a * a) - 1.0 / (b * b))};
    for (const double r : {2.0, 5.0}) {
      const double area = std::numbers::pi * a * b * r * r;
      EXPECT_NEAR(ellipse_sum(stamp, 40.2, 39.7, shape, r).flux / area, 1.0, 1e-2);
    }
  }
}

TEST(RadiusHolding, IsThatOfAUniformDisc) {
  const SourceStamp stamp = stamp_of(Plane<float>(41, 41, 2.0F));
  for (const double r : {0.3, 2.0, 7.5}) {
    EXPECT_NEAR(radius_holding(stamp, 20.2, 19.9, 2.0 * std::numbers::pi * r * r, 1.8, 15.0), r,
                3e-3);
  }
  EXPECT_EQ(radius_holding(stamp, 20, 20, -1.0, 1.8, 15.0), 0.0);
  EXPECT_EQ(radius_holding(stamp, 20, 20, 1e9, 1.8, 15.0), 15.0);
}

TEST(WindowedCentroid, FindsTheCentreOfAStar) {
  for (const double fwhm : {2.2, 3.0, 5.0}) {
    for (const double shift : {0.0, 0.2, 0.5}) {
      Plane<float> image(41, 41);
      test::add_gaussian({20.0 + shift, 20.1 - shift, 1e5}, fwhm, image.view());
      const WindowedCentroid centre =
          windowed_centroid(stamp_of(image), 20, 20, fwhm / fwhm_per_sigma);
      EXPECT_TRUE(centre.converged);
      EXPECT_NEAR(centre.x, 20.0 + shift, 2e-3);
      EXPECT_NEAR(centre.y, 20.1 - shift, 2e-3);
      const double with_pixel = std::sqrt(std::pow(fwhm / fwhm_per_sigma, 2) + 1.0 / 12.0);
      EXPECT_NEAR(centre.sigma_px, with_pixel, 0.02 * with_pixel);
    }
  }
}

TEST(WindowedCentroid, OfNoFluxSaysSo) {
  EXPECT_FALSE(windowed_centroid(stamp_of(Plane<float>(21, 21, 0.0F)), 10, 10, 1.3).converged);
  EXPECT_FALSE(windowed_centroid(stamp_of(Plane<float>(21, 21, -1.0F)), 10, 10, 1.3).converged);
}

TEST(Measure, PutsAMergedPairOnItsPeak) {
  for (const double distance : {5.0, 6.0, 7.0, 8.0}) {
    const test::StarField field = test::make_star_field(
        101, 101, {{46.0, 50.0, 3e4}, {46.0 + distance, 50.0, 1.5e4}}, 3.0, 100.0, 0.0);
    DetectSettings merging;
    merging.min_prominence = 1e9F;
    merging.isophote_snr = 0.5F;
    const Detections found =
        detect_sources(field.measured(), KernelGrid::uniform(gaussian_kernel(3.0)), merging);
    const auto sources = measure_sources(field.measured(), found, {});
    ASSERT_EQ(sources.size(), 1U);
    EXPECT_NEAR(sources[0].x, 46.0, 1.5) << distance;
    EXPECT_NEAR(sources[0].y, 50.0, 0.1) << distance;
    EXPECT_GT(sources[0].x_iso, 47.0) << distance;
  }
}

TEST(Measure, RecoversAnIsolatedStar) {
  const test::StarField field =
      test::make_star_field(101, 101, {{50.3, 49.6, 2e5}}, 3.0, 100.0, 0.0);
  const auto sources = measure(field, 3.0);
  ASSERT_EQ(sources.size(), 1U);
  const SourceMeasurement& star = sources[0];
  EXPECT_NEAR(star.x, 50.3, 2e-3);
  EXPECT_NEAR(star.y, 49.6, 2e-3);
  EXPECT_NEAR(star.flux_auto, 2e5, 1000.0);
  EXPECT_NEAR(star.flux_aper[0], 2e5, 300.0);
  const double sigma2 = std::pow(3.0 / fwhm_per_sigma, 2) + 1.0 / 12.0;
  // Sharing pixels by area spreads the light over one more pixel.
  const double spread2 = sigma2 + 1.0 / 12.0;
  EXPECT_NEAR(star.flux_aper[1], 2e5 * (1.0 - std::exp(-2.5 * 2.5 / (2.0 * spread2))), 1500.0);
  EXPECT_NEAR(star.half_light_radius, std::sqrt(2.0 * std::log(2.0) * spread2), 0.03);
  EXPECT_NEAR(star.fwhm, std::sqrt(sigma2) * fwhm_per_sigma, 0.06);
  EXPECT_NEAR(star.xx, sigma2, 0.1);
  EXPECT_NEAR(star.a, std::sqrt(sigma2), 0.05);
  EXPECT_NEAR(star.xy, 0.0, 0.01);
  EXPECT_EQ(star.flags, 0);
  EXPECT_EQ(star.mask_bits, 0);
}

TEST(Measure, ErrorsDescribeTheScatter) {
  double square_x = 0.0;
  double square_flux = 0.0;
  int count = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const test::StarField field =
        test::make_star_field(41, 41, {{20.3, 19.8, 5000}}, 3.0, 100.0, 1.0, seed);
    for (const SourceMeasurement& star : measure(field, 3.0)) {
      if (std::hypot(star.x - 20.3, star.y - 19.8) > 1.0) continue;
      square_x += std::pow((star.x - 20.3) / static_cast<double>(star.x_err), 2);
      square_flux += std::pow((star.flux_aper[0] - 5000.0) / star.flux_aper_err[0], 2);
      ++count;
    }
  }
  EXPECT_EQ(count, 300);
  EXPECT_NEAR(std::sqrt(square_x / count), 1.0, 0.12);
  EXPECT_NEAR(std::sqrt(square_flux / count), 1.0, 0.12);
}

TEST(Measure, SeesTheShapeOfAnEllipse) {
  test::StarField field = test::make_star_field(101, 101, {}, 3.0, 100.0, 0.0);
  // A row of stars along 30 degrees makes an elongated source.
  for (int i = -20; i <= 20; ++i) {
    const double along = 0.2 * i;
    test::add_gaussian({50 + along * std::cos(std::numbers::pi / 6),
                        50 + along * std::sin(std::numbers::pi / 6), 5000},
                       3.0, field.pixels.view());
  }
  for (std::ptrdiff_t i = 0; i < field.pixels.size(); ++i)
    field.variance.data()[i] = field.pixels.data()[i] + 125.0F;
  const auto sources = measure(field, 3.0);
  ASSERT_EQ(sources.size(), 1U);
  EXPECT_NEAR(sources[0].theta_deg, 30.0, 0.5);
  EXPECT_NEAR(sources[0].b, std::sqrt(std::pow(3.0 / fwhm_per_sigma, 2) + 1.0 / 12.0), 0.1);
  EXPECT_GT(sources[0].a, 1.8 * sources[0].b);
  EXPECT_NEAR(sources[0].flux_auto, 41 * 5000.0, 0.01 * 41 * 5000.0);
}

TEST(Measure, MirrorsMaskedPixelsAndSaysSo) {
  test::StarField field = test::make_star_field(101, 101, {{50.0, 50.0, 1e5}}, 3.0, 100.0, 0.0);
  field.pixels(52, 50) = 1e6F;
  field.mask(52, 50) = mask_bits::cosmic_ray;
  const auto sources = measure(field, 3.0);
  ASSERT_EQ(sources.size(), 1U);
  EXPECT_NEAR(sources[0].x, 50.0, 0.02);
  EXPECT_NEAR(sources[0].flux_aper[0], 1e5, 300.0);
  EXPECT_EQ(sources[0].flags, source_flags::incomplete);
  EXPECT_EQ(sources[0].mask_bits, static_cast<std::int32_t>(mask_bits::cosmic_ray));
}

TEST(Measure, ANeighbourIsTakenOutAndFlagged) {
  const test::StarField field =
      test::make_star_field(101, 101, {{46, 50, 1e5}, {52, 50, 8e4}}, 3.0, 100.0, 0.0);
  const auto sources = measure(field, 3.0);
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_NEAR(sources[0].flux_aper[0], 1e5, 4000.0);
  EXPECT_NEAR(sources[1].flux_aper[0], 8e4, 4000.0);
  EXPECT_TRUE((sources[0].flags & source_flags::neighbour) != 0);
}

TEST(Measure, SaturatedAndEdgeSourcesAreFlagged) {
  test::StarField field =
      test::make_star_field(101, 101, {{50, 50, 1e6}, {0.2, 20, 1e5}}, 3.0, 100.0, 0.0);
  for (int x = 49; x < 52; ++x) field.mask(x, 50) = mask_bits::saturated;
  const auto sources = measure(field, 3.0);
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_TRUE((sources[0].flags & source_flags::edge) != 0);
  EXPECT_TRUE((sources[0].flags & source_flags::incomplete) != 0);
  EXPECT_TRUE((sources[1].flags & source_flags::saturated) != 0);
}

TEST(Measure, AnImageFullOfSignalDoesNotHang) {
  for (const auto& [width, height] : {std::pair{2048, 30}, {1, 1}, {5, 700}}) {
    test::StarField field = test::make_star_field(width, height, {}, 3.0, 100.0, 0.0);
    std::fill_n(field.pixels.data(), field.pixels.size(), 60000.0F);
    std::fill_n(field.variance.data(), field.variance.size(), 60125.0F);
    for (const SourceMeasurement& source : measure(field, 3.0)) {
      EXPECT_TRUE(std::isfinite(source.x) && std::isfinite(source.flux_auto) &&
                  std::isfinite(source.flux_auto_err));
    }
  }
}

TEST(Measure, IsTheSameForAnyNumberOfThreads) {
  std::vector<test::Star> stars;
  RandomStream random(4, "stars");
  for (int i = 0; i < 1500; ++i) {
    stars.push_back(
        {random.uniform(0, 500), random.uniform(0, 400), 300.0 * std::pow(random.uniform(), -1.2)});
  }
  const test::StarField field = test::make_star_field(500, 400, stars, 3.0, 100.0);
  set_thread_count(1);
  const auto one = measure(field, 3.0);
  for (const int threads : {2, 4}) {
    set_thread_count(threads);
    const auto many = measure(field, 3.0);
    ASSERT_EQ(one.size(), many.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_EQ(one[i].x, many[i].x);
      EXPECT_EQ(one[i].flux_auto, many[i].flux_auto);
      EXPECT_EQ(one[i].half_light_radius, many[i].half_light_radius);
      EXPECT_EQ(one[i].flags, many[i].flags);
    }
  }
}

}  // namespace
}  // namespace polis
