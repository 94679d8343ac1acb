#include "kernels/psf_photometry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/star_field_helpers.h"

namespace polis {
namespace {

using star_field::Field;
using star_field::Optics;
using star_field::Star;

constexpr std::ptrdiff_t side = 384;

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
      const Statistics found = monte_carlo(optics, psf, flux, 4);
      EXPECT_LT(std::abs(found.bias), 0.002 + 2.0 * found.bias_err);
      EXPECT_LT(found.scatter, 1.1);
      EXPECT_NEAR(found.pull, 1.0, 0.06);
    }
  }
}

}  // namespace
}  // namespace polis
