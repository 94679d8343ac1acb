#include "kernels/measure_image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/parallel.h"
#include "kernels/star_field_helpers.h"

namespace polis {
namespace {

using star_field::Field;
using star_field::Optics;
using star_field::Star;

Field isolated_field() {
  Optics optics;
  optics.fwhm_px = 2.8;
  return star_field::make_field(optics, star_field::grid_of_stars(280, 280, 33.0, 1e3, 2e5, 3), 280,
                                280, 4);
}

/// Adds a sky to a field's sky-subtracted image.
void add_sky(Field& field) {
  for (std::ptrdiff_t i = 0; i < field.image.size(); ++i)
    field.image.data()[i] += static_cast<float>(field.optics.sky_e);
}

/// The nearest measured source.
const MeasuredSource* nearest(const MeasuredImage& image, const Star& star) {
  const MeasuredSource* best = nullptr;
  double distance = 1.5;
  for (const MeasuredSource& source : image.sources) {
    const double d = std::hypot(source.psf.x - star.x, source.psf.y - star.y);
    if (d < distance) {
      distance = d;
      best = &source;
    }
  }
  return best;
}

MeasuredImage measure(const Field& field) {
  return measure_image(field.image.view(), field.variance.view(), field.mask.view());
}

TEST(MeasureImage, FindsAndMeasuresIsolatedStars) {
  Field field = isolated_field();
  add_sky(field);
  const MeasuredImage image = measure(field);
  EXPECT_NEAR(image.psf.fwhm_px, 2.95, 0.2);
  EXPECT_NEAR(image.background.global_level, field.optics.sky_e, 1.0);
  EXPECT_NEAR(image.variance_per_signal, 1.0, 0.05);
  double pull = 0.0, relative = 0.0, bright = 0.0;
  for (const Star& star : field.stars) {
    const MeasuredSource* found = nearest(image, star);
    ASSERT_NE(found, nullptr) << star.x << " " << star.y << " " << star.flux;
    pull += std::pow((found->psf.flux - star.flux) / found->psf.flux_err, 2);
    // Below, noise may say anything.
    if (star.flux > 5e3) {
      EXPECT_GT(found->psf.star_statistic, 0.5F);
    }
    if (star.flux < 3e4) continue;
    relative += found->psf.flux / star.flux - 1.0;
    bright += 1.0;
  }
  const auto count = static_cast<double>(field.stars.size());
  EXPECT_NEAR(std::sqrt(pull / count), 1.0, 0.2);
  EXPECT_NEAR(relative / bright, 0.0, 0.003);
  EXPECT_LE(image.sources.size(), field.stars.size() + 2);
}

TEST(MeasureImage, GivesTheSameForAnyNumberOfThreads) {
  Field field = isolated_field();
  const int before = thread_count();
  std::vector<MeasuredImage> images;
  for (const int threads : {1, 2, 4}) {
    set_thread_count(threads);
    images.push_back(measure(field));
  }
  set_thread_count(before);
  for (const MeasuredImage& image : images) {
    ASSERT_EQ(image.sources.size(), images[0].sources.size());
    EXPECT_EQ(image.psf.terms, images[0].psf.terms);
    for (std::size_t k = 0; k < image.sources.size(); ++k) {
      EXPECT_EQ(image.sources[k].psf.flux, images[0].sources[k].psf.flux);
      EXPECT_EQ(image.sources[k].psf.x, images[0].sources[k].psf.x);
      EXPECT_EQ(image.sources[k].psf.flux_err, images[0].sources[k].psf.flux_err);
    }
  }
}

TEST(MeasureImage, SaysWhyThereIsNothing) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto& [width, height] : {std::pair<int, int>{0, 0}, {1, 1}, {3, 200}, {100, 80}})
    for (const float value : {0.0F, 7.0F, nan}) {
      const Plane<float> pixels(width, height, value);
      const Plane<float> variance(width, height, 25.0F);
      const Plane<MaskPixel> mask(width, height);
      const MeasuredImage image = measure_image(pixels.view(), variance.view(), mask.view());
      EXPECT_TRUE(image.sources.empty());
      EXPECT_FALSE(image.caveats.empty());
      EXPECT_NO_FATAL_FAILURE(measure_image(pixels.view(), {}, {}));
    }
  const Plane<float> pixels(50, 50, 1.0F);
  const Plane<MaskPixel> masked(50, 50, mask_bits::bad);
  EXPECT_TRUE(measure_image(pixels.view(), {}, masked.view()).sources.empty());
}

}  // namespace
}  // namespace polis
