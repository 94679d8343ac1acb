#include "kernels/forced_photometry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/star_field_helpers.h"

namespace polis {
namespace {

using star_field::Field;
using star_field::Optics;

constexpr std::ptrdiff_t side = 96;

Optics steady_optics() {
  Optics optics;
  optics.fwhm_px = 3.0;
  optics.growth = 0.0;
  optics.ellipticity = 0.0;
  return optics;
}

/// A PSF that was built from a bright field of the same optics.
const PsfModel& steady_psf() {
  static const PsfModel model = [] {
    const auto stars = star_field::grid_of_stars(256, 256, 42.0, 4e5, 8e5, 5);
    const Field field = star_field::make_field(steady_optics(), stars, 256, 256, 6);
    std::vector<PsfStar> psf_stars;
    for (const auto& star : stars) psf_stars.push_back({star.x, star.y, star.flux});
    return build_psf(field.image.view(), field.variance.view(), field.mask.view(), psf_stars, {});
  }();
  return model;
}

std::vector<ForcedFlux> measure(const Field& field, const std::vector<ForcedTarget>& targets,
                                const std::vector<ForcedTarget>& neighbours = {}) {
  ForcedSettings settings;
  settings.annulus_inner_px = 12.0;
  settings.annulus_outer_px = 20.0;
  return forced_photometry(field.image.view(), field.variance.view(), field.mask.view(),
                           steady_psf(), targets, neighbours, settings);
}

TEST(ForcedPhotometry, IsUnbiasedAlsoWhereThereIsNoStar) {
  Field field = star_field::make_field(steady_optics(), {{30.3, 40.1, 4000.0}}, side, side, 1);
  double star = 0.0, star_pull = 0.0, empty_pull = 0.0, empty = 0.0;
  constexpr int runs = 60;
  for (int k = 0; k < runs; ++k) {
    star_field::renew_noise(field, 10 + static_cast<std::uint64_t>(k));
    const auto found = measure(field, {{30.3, 40.1}, {70.0, 60.4}});
    star += found[0].flux_psf / 4000.0;
    star_pull += std::pow((found[0].flux_psf - 4000.0) / found[0].flux_psf_err, 2);
    empty += found[1].flux_psf / found[1].flux_psf_err;
    empty_pull += std::pow(found[1].flux_psf / found[1].flux_psf_err, 2);
  }
  EXPECT_NEAR(star / runs, 1.0, 0.01);
  EXPECT_NEAR(std::sqrt(star_pull / runs), 1.0, 0.3);
  EXPECT_NEAR(empty / runs, 0.0, 0.4);
  EXPECT_NEAR(std::sqrt(empty_pull / runs), 1.0, 0.3);
}

TEST(ForcedPhotometry, DoesNotCountItsNeighbours) {
  const Field field = star_field::make_field(steady_optics(),
                                             {{45.2, 45.1, 2e4}, {48.4, 45.9, 6e4}}, side, side, 2);
  const auto alone = measure(field, {{45.2, 45.1}});
  const auto together = measure(field, {{45.2, 45.1}}, {{48.4, 45.9}});
  EXPECT_GT(alone[0].flux_psf, 3e4);
  EXPECT_NEAR(together[0].flux_psf, 2e4, 4.0 * together[0].flux_psf_err);
  EXPECT_NE(together[0].flags & star_fit_flags::neighbour, 0U);
  EXPECT_GT(together[0].flux_psf_err, alone[0].flux_psf_err * 0.8);
}

TEST(ForcedPhotometry, MeasuresTheSkyAroundAndTheAperture) {
  Field field = star_field::make_field(steady_optics(), {{48.0, 48.0, 1e5}}, side, side, 3);
  for (std::ptrdiff_t i = 0; i < field.image.size(); ++i) field.image.data()[i] += 6.0F;
  const auto found = measure(field, {{48.0, 48.0}});
  EXPECT_NEAR(found[0].background, 6.0, 2.0);
  EXPECT_GT(found[0].background_err, 0.0F);
  // A circle of 5 pixels holds 93 % of this Moffat profile.
  EXPECT_NEAR(found[0].flux_aper / 1e5, 0.93, 0.03);
  EXPECT_EQ(found[0].masked_fraction, 0.0F);
}

TEST(ForcedPhotometry, SaysWhereItCannotMeasure) {
  Field field = star_field::make_field(steady_optics(), {}, side, side, 4);
  for (std::ptrdiff_t y = 0; y < side; ++y)
    for (std::ptrdiff_t x = 0; x < 48; ++x) field.mask(x, y) = mask_bits::bad;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const auto found = measure(field, {{20.0, 20.0}, {-500.0, 20.0}, {nan, 3.0}, {47.0, 50.0}});
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_TRUE(std::isnan(found[k].flux_psf)) << k;
    EXPECT_NE(found[k].flags & star_fit_flags::no_pixels, 0U) << k;
  }
  EXPECT_TRUE(std::isfinite(found[3].flux_psf));
  EXPECT_NE(found[3].mask & mask_bits::bad, 0U);
  EXPECT_GT(found[3].masked_fraction, 0.3F);
  EXPECT_TRUE(
      std::isnan(forced_photometry({}, {}, {}, steady_psf(), {{1.0, 1.0}}, {}, {})[0].flux_psf));
}

}  // namespace
}  // namespace polis
