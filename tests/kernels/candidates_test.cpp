#include "kernels/candidates.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr double kFwhm = 3.0;
constexpr double kNoise = 10.0;

/// White noise; the score is the plain matched filter.
struct Scene {
  Plane<float> difference, variance, score;
  Plane<MaskPixel> mask;
  PsfModel psf;

  explicit Scene(std::ptrdiff_t n, std::uint64_t seed = 1)
      : difference(n, n),
        variance(n, n, static_cast<float>(kNoise * kNoise)),
        score(n, n),
        mask(n, n),
        psf(gaussian_psf(kFwhm, 4.0, n, n)) {
    RandomStream random(seed, "candidates", 0);
    for (std::ptrdiff_t i = 0; i < difference.size(); ++i)
      difference.data()[i] = static_cast<float>(kNoise * random.normal());
  }
  void add(double x0, double y0, double flux, double fwhm_x = kFwhm, double fwhm_y = kFwhm) {
    // The pixel widens it.
    const double sx = std::sqrt(std::pow(fwhm_x / 2.3548, 2.0) + 1.0 / 12.0);
    const double sy = std::sqrt(std::pow(fwhm_y / 2.3548, 2.0) + 1.0 / 12.0);
    for (std::ptrdiff_t y = 0; y < difference.height(); ++y) {
      for (std::ptrdiff_t x = 0; x < difference.width(); ++x) {
        const double u = (static_cast<double>(x) - x0) / sx, v = (static_cast<double>(y) - y0) / sy;
        difference(x, y) +=
            static_cast<float>(flux / (2.0 * M_PI * sx * sy) * std::exp(-0.5 * (u * u + v * v)));
      }
    }
  }
  std::vector<DifferenceSource> find(const CandidateSettings& settings = {}) {
    const Plane<float> p = evaluate_psf(psf, 0.0, 0.0);
    const std::ptrdiff_t r = p.width() / 2;
    for (std::ptrdiff_t y = 0; y < score.height(); ++y) {
      for (std::ptrdiff_t x = 0; x < score.width(); ++x) {
        double light = 0.0, weight = 0.0;
        for (std::ptrdiff_t j = -r; j <= r; ++j) {
          for (std::ptrdiff_t i = -r; i <= r; ++i) {
            if (!score.view().contains(x + i, y + j) || mask(x + i, y + j) != 0) continue;
            light += static_cast<double>(p(i + r, j + r) * difference(x + i, y + j));
            weight += static_cast<double>(p(i + r, j + r) * p(i + r, j + r));
          }
        }
        score(x, y) =
            mask(x, y) != 0 ? 0.0F : static_cast<float>(light / std::sqrt(weight) / kNoise);
      }
    }
    return find_candidates({difference.view(), variance.view(), mask.view(), score.view()}, psf,
                           settings);
  }
};

TEST(Candidates, AreNoneInNoise) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed)
    found += static_cast<int>(Scene(100, seed).find().size());
  EXPECT_LE(found, 1);
}

TEST(Candidates, BothSignsWithTheirLightAndPlace) {
  Scene scene(120);
  scene.add(40.3, 50.7, 4000.0);
  scene.add(80.0, 30.4, -3000.0);
  const auto candidates = scene.find();
  ASSERT_EQ(candidates.size(), 2U);
  const DifferenceSource& up = candidates[0];
  EXPECT_EQ(up.sign, 1);
  EXPECT_NEAR(up.x, 40.3, 4.0 * up.x_error);
  EXPECT_NEAR(up.y, 50.7, 4.0 * up.y_error);
  EXPECT_NEAR(up.flux, 4000.0, 4.0 * up.flux_error);
  EXPECT_NEAR(up.snr, 4000.0 / up.flux_error, 4.0);
  EXPECT_NEAR(up.fwhm_px, kFwhm, 0.6);
  EXPECT_LT(up.elongation, 1.3);
  EXPECT_NEAR(up.chi2, 1.0, 0.6);
  EXPECT_LT(up.dipole, 0.15);
  EXPECT_EQ(up.masked_pixels, 0);
  EXPECT_NEAR(up.edge_distance_px, 40.5, 1.01);
  const DifferenceSource& down = candidates[1];
  EXPECT_EQ(down.sign, -1);
  EXPECT_NEAR(down.flux, -3000.0, 4.0 * down.flux_error);
  EXPECT_NEAR(down.x, 80.0, 4.0 * down.x_error);
}

TEST(Candidates, PullsOfFluxAndPlaceAreOne) {
  double flux2 = 0.0, place2 = 0.0;
  int n = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Scene scene(48, seed);
    RandomStream random(seed, "place", 0);
    const double x = 23.0 + random.uniform(), y = 23.0 + random.uniform();
    scene.add(x, y, 2500.0);
    const auto candidates = scene.find();
    ASSERT_FALSE(candidates.empty());
    const DifferenceSource& c = candidates.front();
    flux2 += std::pow((c.flux - 2500.0) / c.flux_error, 2.0);
    place2 += std::pow((c.x - x) / c.x_error, 2.0) + std::pow((c.y - y) / c.y_error, 2.0);
    ++n;
  }
  EXPECT_NEAR(std::sqrt(flux2 / n), 1.0, 0.25);
  EXPECT_NEAR(std::sqrt(place2 / (2.0 * n)), 1.0, 0.25);
}

TEST(Candidates, ShapesTellStreaksHitsAndDipoles) {
  Scene scene(160);
  scene.add(40.0, 40.0, 20000.0, 6.0, 3.0);
  scene.add(100.0, 40.0, 6000.0, 1.2, 1.2);
  scene.add(60.0, 110.0, 20000.0);
  scene.add(61.0, 110.0, -20000.0);
  DifferenceSource streak, hit, dipole;
  for (const DifferenceSource& c : scene.find()) {
    if (c.y < 60.0)
      (c.x < 70.0 ? streak : hit) = c;
    else if (c.sign > 0)
      dipole = c;
  }
  EXPECT_GT(streak.elongation, 1.5);
  EXPECT_LT(hit.fwhm_px, 0.7 * kFwhm);
  EXPECT_GT(hit.chi2, 3.0);
  EXPECT_GT(dipole.dipole, 0.5);
  EXPECT_GT(dipole.opposite_pixels, 2);
}

TEST(Candidates, OnePeakPerSourceAndTheBrightestFirst) {
  Scene scene(120);
  scene.add(30.0, 30.0, 200000.0);
  scene.add(80.0, 80.0, 5000.0);
  scene.add(84.5, 80.0, 5000.0);
  CandidateSettings settings;
  const auto candidates = scene.find(settings);
  ASSERT_EQ(candidates.size(), 3U);
  EXPECT_NEAR(candidates.front().x, 30.0, 0.2);
  settings.most = 1;
  EXPECT_EQ(scene.find(settings).size(), 1U);
}

TEST(Candidates, MaskedPixelsAreCountedAndLeftOut) {
  Scene scene(80);
  scene.add(40.0, 40.0, 8000.0);
  scene.mask(42, 40) = mask_bits::bad;
  scene.difference(42, 40) = 1e6F;
  const auto candidates = scene.find();
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_EQ(candidates.front().masked_pixels, 1);
  EXPECT_NEAR(candidates.front().flux, 8000.0, 4.0 * candidates.front().flux_error);
}

TEST(Candidates, DegenerateImagesGiveNone) {
  EXPECT_TRUE(find_candidates({}, gaussian_psf(3.0, 4.0, 1, 1)).empty());
  Scene blank(5);
  for (std::ptrdiff_t i = 0; i < 25; ++i) blank.mask.data()[i] = mask_bits::no_data;
  EXPECT_TRUE(blank.find().empty());
  for (std::ptrdiff_t i = 0; i < 25; ++i) blank.score.data()[i] = std::nanf("");
  EXPECT_TRUE(find_candidates({blank.difference.view(), blank.variance.view(), blank.mask.view(),
                               blank.score.view()},
                              blank.psf)
                  .empty());
}

TEST(Candidates, AnyNumberOfThreadsGivesTheSame) {
  Scene scene(200);
  for (int i = 0; i < 12; ++i) scene.add(15.0 * i + 10.2, 190.0 - 15.0 * i, 3000.0 + 100.0 * i);
  const int before = thread_count();
  set_thread_count(1);
  const auto one = scene.find();
  set_thread_count(4);
  const auto four = scene.find();
  set_thread_count(before);
  ASSERT_EQ(one.size(), four.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].x, four[i].x);
    EXPECT_EQ(one[i].flux, four[i].flux);
  }
}

}  // namespace
}  // namespace polis
