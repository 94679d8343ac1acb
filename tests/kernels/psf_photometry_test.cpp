#include "kernels/psf_photometry.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
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

constexpr std::ptrdiff_t side = 256;

PsfModel model_of_bright_field(const Optics& optics) {
  const auto stars = star_field::grid_of_stars(side, side, 36.0, 5e4, 5e5, 11);
  const Field field = star_field::make_field(optics, stars, side, side, 12);
  std::vector<PsfStar> psf_stars;
  for (const Star& star : stars) psf_stars.push_back({star.x, star.y, star.flux});
  PsfBuildSettings settings;
  settings.fwhm_px = optics.fwhm_px;
  return build_psf(field.image.view(), field.variance.view(), field.mask.view(), psf_stars,
                   settings);
}

std::vector<StarFit> guesses(const std::vector<Star>& stars, std::uint64_t seed) {
  std::vector<StarFit> out;
  RandomStream random(seed, "guess");
  for (const Star& star : stars) {
    StarFit fit;
    fit.x = star.x + 0.15 * random.normal();
    fit.y = star.y + 0.15 * random.normal();
    fit.flux = star.flux * random.uniform(0.8, 1.2);
    out.push_back(fit);
  }
  return out;
}

struct Statistics {
  double bias = 0.0, bias_err = 0.0, scatter = 0.0, pull = 0.0, chi2 = 0.0, position = 0.0;
};

/// Photometry of many noise realisations of isolated stars of one S/N: relative bias, scatter in
/// units of the Cramer-Rao bound, rms pull.
Statistics monte_carlo(const Optics& optics, const PsfModel& psf, double flux, int realisations) {
  const auto stars = star_field::grid_of_stars(side, side, 36.0, flux, flux * 1.0001, 21);
  Field field = star_field::make_field(optics, stars, side, side, 22);
  std::vector<double> bound;
  for (const Star& star : stars) bound.push_back(star_field::flux_bound(optics, star, side, side));
  double sum = 0.0, square = 0.0, pull = 0.0, chi2 = 0.0, position = 0.0;
  double n = 0.0;
  for (int k = 0; k < realisations; ++k) {
    star_field::renew_noise(field, 100 + static_cast<std::uint64_t>(k));
    std::vector<StarFit> fits = guesses(stars, static_cast<std::uint64_t>(k));
    fit_stars(field.image.view(), field.variance.view(), field.mask.view(), psf, fits, {});
    for (std::size_t i = 0; i < fits.size(); ++i) {
      const double difference = fits[i].flux - stars[i].flux;
      sum += difference / stars[i].flux;
      square += std::pow(difference / bound[i], 2);
      pull += std::pow(difference / fits[i].flux_err, 2);
      position += std::pow((fits[i].x - stars[i].x) / static_cast<double>(fits[i].x_err), 2);
      chi2 += static_cast<double>(fits[i].chi2);
      n += 1.0;
    }
  }
  return {sum / n,
          std::sqrt(square) / n * bound[0] / flux,
          std::sqrt(square / n),
          std::sqrt(pull / n),
          chi2 / n,
          std::sqrt(position / n)};
}

TEST(PsfPhotometry, IsolatedStarsReachTheCramerRaoBoundWithoutBias) {
  for (const double fwhm : {2.0, 3.5}) {
    Optics optics;
    optics.fwhm_px = fwhm;
    const PsfModel psf = model_of_bright_field(optics);
    const double noise = star_field::flux_bound(optics, {side / 2.0, side / 2.0, 1e-3}, side, side);
    for (const double snr : {12.0, 40.0, 300.0}) {
      // Flux at which flux / bound(flux) is the wanted S/N, about: sky noise and the star's own.
      const double flux =
          0.5 * (snr * snr + std::sqrt(std::pow(snr, 4) + 4.0 * snr * snr * noise * noise));
      const Statistics found = monte_carlo(optics, psf, flux, 40);
      EXPECT_LT(std::abs(found.bias), 0.002 + 2.0 * found.bias_err);
      EXPECT_LT(found.scatter, 1.1);
      EXPECT_NEAR(found.pull, 1.0, 0.06);
    }
  }
}

/// The same model as a dense linear problem: all fluxes at fixed positions at once.
std::vector<double> dense_fluxes(const Field& field, const PsfModel& psf,
                                 const std::vector<StarFit>& stars) {
  const std::ptrdiff_t width = field.image.width(), height = field.image.height();
  Eigen::MatrixXd design = Eigen::MatrixXd::Zero(width * height, std::ssize(stars));
  const PsfBrush brush(psf);
  PsfPencil pencil(brush);
  PsfStamp stamp;
  for (std::size_t k = 0; k < stars.size(); ++k) {
    const auto cx = static_cast<int>(std::lround(stars[k].x));
    const auto cy = static_cast<int>(std::lround(stars[k].y));
    pencil.place(stars[k].x, stars[k].y, brush.radius());
    pencil.draw(stars[k].x - cx, stars[k].y - cy, false, stamp);
    for (int j = -stamp.radius; j <= stamp.radius; ++j)
      for (int i = -stamp.radius; i <= stamp.radius; ++i)
        if (field.image.view().contains(cx + i, cy + j))
          design((cy + j) * width + cx + i, static_cast<Eigen::Index>(k)) =
              static_cast<double>(stamp.value[static_cast<std::size_t>(
                  (j + stamp.radius) * stamp.stride + i + stamp.radius)]);
  }
  Eigen::VectorXd data(width * height);
  for (Eigen::Index i = 0; i < data.size(); ++i)
    data[i] = static_cast<double>(field.image.data()[i]);
  Eigen::VectorXd fluxes = (design.transpose() * design).ldlt().solve(design.transpose() * data);
  for (int k = 0; k < 3; ++k) {
    const Eigen::VectorXd model = design * fluxes;
    const double sky = field.optics.sky_e + field.optics.read_noise_e * field.optics.read_noise_e;
    const Eigen::VectorXd weight = (model.array().max(0.0) + sky).inverse();
    const Eigen::MatrixXd weighted = weight.asDiagonal() * design;
    fluxes = (design.transpose() * weighted).ldlt().solve(weighted.transpose() * data);
  }
  return {fluxes.data(), fluxes.data() + fluxes.size()};
}

Optics steady_optics() {
  Optics optics;
  optics.growth = 0.0;
  optics.ellipticity = 0.0;
  return optics;
}

TEST(PsfPhotometry, AgreesWithADenseLeastSquaresFitInACrowd) {
  const PsfModel psf = model_of_bright_field(steady_optics());
  std::vector<Star> stars;
  RandomStream random(4, "crowd");
  for (int k = 0; k < 25; ++k)
    stars.push_back(
        {random.uniform(8.0, 52.0), random.uniform(8.0, 52.0), random.uniform(2e3, 6e4)});
  Field field = star_field::make_field(steady_optics(), stars, 60, 60, 9);
  std::vector<StarFit> fits;
  for (const Star& star : stars) {
    StarFit fit;
    fit.x = star.x;
    fit.y = star.y;
    fits.push_back(fit);
  }
  const std::vector<double> exact = dense_fluxes(field, psf, fits);
  StarFitSettings settings;
  settings.fit_positions = false;
  settings.passes = 60;
  settings.tolerance_sigma = 1e-4;
  fit_stars(field.image.view(), field.variance.view(), field.mask.view(), psf, fits, settings);
  for (std::size_t k = 0; k < fits.size(); ++k)
    EXPECT_NEAR(fits[k].flux, exact[k], 0.35 * fits[k].flux_err) << k;
}

TEST(PsfPhotometry, SeparatesPairsWithHonestErrors) {
  const PsfModel psf = model_of_bright_field(steady_optics());
  for (const double separation_px : {3.0, 4.5, 6.0}) {
    const std::vector<Star> stars{{40.3, 40.2, 3e4}, {40.3 + separation_px, 40.4, 1e4}};
    Field field = star_field::make_field(steady_optics(), stars, 80, 80, 10);
    double pull = 0.0, bias = 0.0;
    constexpr int runs = 50;
    for (int k = 0; k < runs; ++k) {
      star_field::renew_noise(field, 500 + static_cast<std::uint64_t>(k));
      std::vector<StarFit> fits = guesses(stars, static_cast<std::uint64_t>(k));
      StarFitSettings settings;
      settings.passes = 20;
      fit_stars(field.image.view(), field.variance.view(), field.mask.view(), psf, fits, settings);
      for (std::size_t i = 0; i < 2; ++i) {
        pull += std::pow((fits[i].flux - stars[i].flux) / fits[i].flux_err, 2);
        bias += fits[i].flux / stars[i].flux - 1.0;
      }
    }
    EXPECT_NEAR(std::sqrt(pull / (2 * runs)), 1.0, 0.2) << separation_px;
    EXPECT_NEAR(bias / (2 * runs), 0.0, 0.006) << separation_px;
  }
}

TEST(PsfPhotometry, TellsGalaxiesFromStars) {
  const PsfModel psf = model_of_bright_field(steady_optics());
  Optics wide = steady_optics();
  wide.fwhm_px = 4.0;
  const std::vector<Star> stars{{40.0, 40.0, 4e4}};
  for (const auto& [optics, is_star] : {std::pair{steady_optics(), true}, {wide, false}}) {
    Field field = star_field::make_field(optics, stars, 80, 80, 10);
    std::vector<StarFit> fits = guesses(stars, 1);
    fit_stars(field.image.view(), field.variance.view(), field.mask.view(), psf, fits, {});
    EXPECT_EQ(fits[0].star_statistic > 0.5F, is_star);
    EXPECT_EQ(fits[0].widening_sigma > 5.0F, !is_star);
  }
}

TEST(PsfPhotometry, FitsSaturatedStarsOnTheirWings) {
  const PsfModel psf = model_of_bright_field(steady_optics());
  Field field = star_field::make_field(steady_optics(), {{40.3, 40.2, 5e6}}, 80, 80, 10);
  for (std::ptrdiff_t i = 0; i < field.image.size(); ++i)
    if (field.image.data()[i] > 60000.0F) {
      field.image.data()[i] = 60000.0F;
      field.mask.data()[i] |= mask_bits::saturated;
    }
  std::vector<StarFit> fits(1);
  fits[0].x = 40.0;
  fits[0].y = 40.0;
  fits[0].flux = 6e5;
  fit_stars(field.image.view(), field.variance.view(), field.mask.view(), psf, fits, {});
  EXPECT_NEAR(fits[0].flux / 5e6, 1.0, 0.05);
  EXPECT_NE(fits[0].flags & star_fit_flags::saturated, 0U);
}

TEST(PsfPhotometry, SurvivesEmptyMaskedAndBrokenPixels) {
  const PsfModel psf = gaussian_psf(3.0, 4.0, 20, 20);
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float value : {0.0F, nan}) {
    Plane<float> image(20, 20, value), variance(20, 20, 10.0F);
    const Plane<MaskPixel> mask(20, 20);
    std::vector<StarFit> fits(4);
    fits[1].x = fits[1].y = 10.0;
    fits[1].flux = 100.0;
    fits[2].x = -1e9;
    fits[3].x = static_cast<double>(nan);
    fit_stars(image.view(), variance.view(), mask.view(), psf, fits, {});
    EXPECT_NE(fits[2].flags & star_fit_flags::no_pixels, 0U);
    EXPECT_NE(fits[3].flags & star_fit_flags::no_pixels, 0U);
    EXPECT_EQ(std::isfinite(fits[1].flux), std::isfinite(value));
  }
  std::vector<StarFit> fits(1);
  fit_stars({}, {}, {}, psf, fits, {});
  EXPECT_NE(fits[0].flags & star_fit_flags::no_pixels, 0U);
}

}  // namespace
}  // namespace polis
