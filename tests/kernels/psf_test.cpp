#include "kernels/psf.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/moffat.h"
#include "kernels/parallel.h"
#include "kernels/star_field_helpers.h"

namespace polis {
namespace {

double sum_of(const Plane<float>& plane) {
  double sum = 0.0;
  for (std::ptrdiff_t i = 0; i < plane.size(); ++i) sum += static_cast<double>(plane.data()[i]);
  return sum;
}

/// Largest difference between model and truth at (x, y) in units of the peak, and the difference of
/// their sums.
struct Misfit {
  double worst = 0.0, light = 0.0, peak = 0.0;
};
Misfit misfit(const PsfModel& model, const star_field::Field& field, double x, double y) {
  const PsfBrush brush(model);
  PsfPencil pencil(brush);
  PsfStamp stamp;
  pencil.place(x, y, brush.radius());
  const double cx = std::round(x), cy = std::round(y);
  pencil.draw(x - cx, y - cy, false, stamp);
  Misfit out;
  double sum = 0.0, truth_sum = 0.0;
  for (int j = -stamp.radius; j <= stamp.radius; ++j)
    for (int i = -stamp.radius; i <= stamp.radius; ++i) {
      const double truth = star_field::light_in_pixel(
          field.optics, {x, y, 1.0}, field.image.width(), field.image.height(),
          static_cast<std::ptrdiff_t>(cx) + i, static_cast<std::ptrdiff_t>(cy) + j);
      const auto value = static_cast<double>(stamp.value[static_cast<std::size_t>(
          (j + stamp.radius) * stamp.stride + i + stamp.radius)]);
      out.worst = std::max(out.worst, std::abs(value - truth));
      out.peak = std::max(out.peak, truth);
      sum += value;
      truth_sum += truth;
    }
  out.worst /= out.peak;
  out.light = sum / truth_sum - 1.0;
  return out;
}

std::vector<PsfStar> as_psf_stars(const std::vector<star_field::Star>& stars) {
  std::vector<PsfStar> out;
  for (const auto& star : stars) out.push_back({star.x + 0.2, star.y - 0.2, star.flux * 0.9});
  return out;
}

TEST(Psf, ProfileIntegratesToOneAndShiftsWithoutLoss) {
  for (const double fwhm : {2.0, 3.0, 4.5}) {
    const PsfModel model = gaussian_psf(fwhm, 4.0, 100, 100);
    EXPECT_NEAR(model.enclosed, 1.0, 1e-5);
    for (const double shift : {-0.5, -0.3, 0.0, 0.17, 0.5}) {
      const Plane<float> stamp = evaluate_psf(model, 50.0, 50.0, shift, -shift);
      EXPECT_NEAR(sum_of(stamp), 1.0, 1e-6);
      double cx = 0.0, worst = 0.0;
      const std::ptrdiff_t radius = model.size / 2;
      const double scale = std::sqrt(4.0 * std::log(2.0)) / fwhm;
      const auto share = [&](double u) {
        return 0.5 * (std::erf((u + 0.5) * scale) - std::erf((u - 0.5) * scale));
      };
      for (std::ptrdiff_t j = 0; j < model.size; ++j)
        for (std::ptrdiff_t i = 0; i < model.size; ++i) {
          cx += static_cast<double>(i - radius) * static_cast<double>(stamp(i, j));
          const double exact = share(static_cast<double>(i - radius) - shift) *
                               share(static_cast<double>(j - radius) + shift);
          worst = std::max(worst, std::abs(exact - static_cast<double>(stamp(i, j))));
        }
      EXPECT_NEAR(cx, shift, 2e-5);
      EXPECT_LT(worst, 1e-3 * static_cast<double>(stamp(radius, radius))) << fwhm << " " << shift;
    }
  }
}

TEST(Psf, SlopesAreTheDerivatives) {
  const PsfModel model = gaussian_psf(2.5, 4.0, 100, 100);
  const PsfBrush brush(model);
  PsfPencil pencil(brush);
  pencil.place(10.0, 20.0, 5);
  PsfStamp here, right, left;
  pencil.draw(0.2, -0.3, true, here);
  pencil.draw(0.21, -0.3, false, right);
  pencil.draw(0.19, -0.3, false, left);
  for (int j = 0; j < 11; ++j)
    for (int i = 0; i < 11; ++i) {
      const auto p = static_cast<std::size_t>(j * here.stride + i);
      EXPECT_NEAR(here.slope_x[p], (right.value[p] - left.value[p]) / 0.02F, 2e-4);
    }
}

TEST(Psf, IsBuiltFromNoisyStarsOfAVaryingField) {
  for (const double fwhm : {2.0, 3.0, 4.0}) {
    star_field::Optics optics;
    optics.fwhm_px = fwhm;
    const auto stars = star_field::grid_of_stars(640, 640, 40.0, 2e4, 3e5, 5);
    const star_field::Field field = star_field::make_field(optics, stars, 640, 640, 17);
    PsfBuildSettings settings;
    settings.fwhm_px = fwhm * 1.1;
    const PsfModel model = build_psf(field.image.view(), field.variance.view(), field.mask.view(),
                                     as_psf_stars(stars), settings);
    EXPECT_GT(model.stars, 200);
    EXPECT_GE(model.order, 2);
    for (const double x : {50.3, 320.0, 600.8})
      for (const double y : {40.5, 300.2, 590.9}) {
        const Misfit found = misfit(model, field, x, y);
        EXPECT_LT(found.worst, 0.01);
        EXPECT_LT(std::abs(found.light), 0.002);
      }
  }
}

}  // namespace
}  // namespace polis
