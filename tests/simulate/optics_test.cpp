#include "simulate/optics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <span>

namespace polis {
namespace {

struct Moments {
  double sum = 0.0, x = 0.0, y = 0.0;
};
Moments moments_of(const Plane<float>& image) {
  Moments m;
  for (std::ptrdiff_t y = 0; y < image.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < image.width(); ++x) {
      const double v = static_cast<double>(image(x, y));
      m.sum += v;
      m.x += v * static_cast<double>(x);
      m.y += v * static_cast<double>(y);
    }
  }
  m.x /= m.sum;
  m.y /= m.sum;
  return m;
}

OpticalMoffat round_star(double fwhm, double beta) {
  return moffat_of(Widths{}.add_round(fwhm), beta);
}

TEST(Moffat, HalfOfThePeakIsReachedAtHalfTheWidth) {
  for (const double beta : {2.0, 2.5, 3.0, 4.5}) {
    const OpticalMoffat shape = round_star(3.7, beta);
    EXPECT_NEAR(shape.fwhm_px(), 3.7, 1e-9);
    EXPECT_NEAR(std::pow(1.0 + shape.q_xx * 1.85 * 1.85, -beta), 0.5, 1e-9);
  }
}

TEST(DrawStar, PixelsSumToTheFlux) {
  for (const double beta : {2.5, 3.0, 4.0}) {
    for (const double fwhm : {1.6, 2.5, 5.0}) {
      Plane<float> image(401, 401);
      const OpticalMoffat shape = round_star(fwhm, beta);
      draw_star(image.view(), 0, shape, 200.3, 199.6, 1.0e5, 190.0);
      const double beyond = std::pow(1.0 + shape.q_xx * 190.0 * 190.0, 1.0 - beta);
      EXPECT_NEAR(moments_of(image).sum / 1.0e5, 1.0 - beyond, 2e-4) << beta << " " << fwhm;
    }
  }
}

TEST(DrawStar, CentroidIsThePosition) {
  for (const double part : {0.0, 0.13, 0.5, 0.77}) {
    Plane<float> image(61, 61);
    draw_star(image.view(), 0, round_star(2.6, 3.0), 30.0 + part, 30.0 - part, 1.0e4, 28.5);
    const Moments m = moments_of(image);
    EXPECT_NEAR(m.x, 30.0 + part, 2e-3);
    EXPECT_NEAR(m.y, 30.0 - part, 2e-3);
  }
}

TEST(DrawStar, PixelValueIsTheIntegralOverThePixel) {
  const OpticalMoffat shape = moffat_of(Widths{}.add_round(2.2).add_along(1.5, 1.0, 0.5), 3.0);
  Plane<float> image(21, 21);
  draw_star(image.view(), 0, shape, 10.2, 9.7, 1.0, 9.0);
  for (const auto& [px, py] : {std::pair{10, 10}, {11, 9}, {13, 12}, {7, 9}}) {
    double sum = 0.0;
    constexpr int kFine = 60;
    for (int i = 0; i < kFine; ++i) {
      for (int j = 0; j < kFine; ++j) {
        const double x = px - 0.5 + (i + 0.5) / kFine - 10.2;
        const double y = py - 0.5 + (j + 0.5) / kFine - 9.7;
        sum += std::pow(1.0 + shape.q_xx * x * x + 2.0 * shape.q_xy * x * y + shape.q_yy * y * y,
                        -shape.beta);
      }
    }
    const double exact = sum * shape.norm() / (kFine * kFine);
    EXPECT_NEAR(static_cast<double>(image(px, py)) / exact, 1.0, 1e-3) << px << "," << py;
  }
}

TEST(DrawStar, BandsGiveTheSameAsTheWholeImage) {
  const OpticalMoffat shape = round_star(3.0, 3.0);
  Plane<float> whole(50, 50), parts(50, 50);
  draw_star(whole.view(), 0, shape, 20.4, 24.9, 500.0, 15.0);
  for (std::ptrdiff_t first = 0; first < 50; first += 7) {
    const std::ptrdiff_t rows = std::min<std::ptrdiff_t>(7, 50 - first);
    draw_star(parts.view().cut(0, first, 50, rows), first, shape, 20.4, 24.9, 500.0, 15.0);
  }
  EXPECT_EQ(whole, parts);
}

TEST(DrawStar, NothingOutsideTheImageIsTouched) {
  Plane<float> image(20, 20);
  draw_star(image.view(), 0, round_star(3.0, 3.0), -40.0, 10.0, 1.0e6, 15.0);
  draw_star(image.view(), 0, round_star(3.0, 3.0), -2.0, -3.0, 1.0e6, 15.0);
  EXPECT_EQ(image(19, 19), 0.0F);
  EXPECT_GT(image(0, 0), 0.0F);
}

TEST(PsfField, GrowsTowardsTheCornerAlongTheRadius) {
  PsfField psf;
  psf.seeing_fwhm_px = 3.0;
  psf.centre_x = psf.centre_y = 100.0;
  psf.half_diagonal = 100.0 * std::sqrt(2.0);
  psf.corner_growth = 0.25;
  EXPECT_NEAR(psf.at(100.0, 100.0).fwhm_px(), 3.0, 1e-9);
  const OpticalMoffat edge = psf.at(200.0, 100.0);
  EXPECT_GT(edge.fwhm_px(), 3.05);
  EXPECT_LT(edge.q_xx, edge.q_yy);  // wider along x, which is the radius there
}

TEST(PsfField, DefocusedImagesKeepTheirWeight) {
  double sum = 0.0;
  for (const PsfField::Image& image : ring_of_images(4.0)) {
    sum += image.weight;
    EXPECT_NEAR(std::hypot(image.dx, image.dy), 4.0, 1e-9);
  }
  EXPECT_NEAR(sum, 1.0, 1e-12);
}

TEST(PsfKernel, SumsToOne) {
  PsfField psf;
  psf.images = ring_of_images(2.0);
  const Plane<float> kernel = psf_kernel(psf, psf.at(0.0, 0.0), 12);
  EXPECT_NEAR(moments_of(kernel).sum, 1.0, 1e-5);
}

}  // namespace
}  // namespace polis
