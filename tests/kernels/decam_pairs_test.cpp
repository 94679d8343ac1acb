// Real exposures of two nights (SFFT's own test data): our difference of the two stacks against the
// difference, decorrelated, that SFFT made of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernels/convolve.h"
#include "kernels/difference.h"
#include "kernels/fits_file_helpers.h"
#include "kernels/robust.h"

namespace polis {
namespace {

const std::string kFolder = std::string(POLIS_REAL_DATA_DIR) + "/decam-pairs/";

struct RealFrame {
  Plane<float> pixels, variance;
  DifferenceFrame view() const { return {pixels.view(), variance.view(), {}}; }
};

/// Variance from the scatter of the sky and the photons of the light above it.
RealFrame with_variance(Plane<float> pixels, double electrons_per_unit) {
  RealFrame frame{std::move(pixels), {}};
  const Level sky = image_level(frame.pixels.view());
  frame.variance = Plane<float>(frame.pixels.width(), frame.pixels.height());
  for (std::ptrdiff_t i = 0; i < frame.pixels.size(); ++i) {
    const double light = std::max(0.0, static_cast<double>(frame.pixels.data()[i]) - sky.level);
    frame.variance.data()[i] =
        static_cast<float>(sky.sigma * sky.sigma + light / electrons_per_unit);
  }
  return frame;
}

struct Noise {
  double rms = 0.0, right = 0.0, below = 0.0;  ///< scatter and correlation of neighbours
};

/// Of the pixels within 3 sigma, 20 px from the border.
Noise noise_of(View<const float> image) {
  const View<const float> inner = image.cut(20, 20, image.width - 40, image.height - 40);
  std::vector<float> values;
  for (std::ptrdiff_t y = 0; y < inner.height; ++y) {
    values.insert(values.end(), inner.row(y), inner.row(y) + inner.width);
  }
  const Level level = clipped_level(values);
  const auto at = [&](std::ptrdiff_t x, std::ptrdiff_t y) {
    const double d = static_cast<double>(inner(x, y)) - level.level;
    return std::abs(d) < 3.0 * level.sigma ? d : 0.0;
  };
  Noise noise{level.sigma, 0.0, 0.0};
  double square = 0.0;
  for (std::ptrdiff_t y = 0; y + 1 < inner.height; ++y) {
    for (std::ptrdiff_t x = 0; x + 1 < inner.width; ++x) {
      square += at(x, y) * at(x, y);
      noise.right += at(x, y) * at(x + 1, y);
      noise.below += at(x, y) * at(x, y + 1);
    }
  }
  noise.right /= square;
  noise.below /= square;
  return noise;
}

/// science - reference as the kernel has it, not decorrelated.
Plane<float> plain_difference(const RealFrame& science, const RealFrame& reference,
                              const MatchingKernel& kernel) {
  constexpr std::ptrdiff_t block = 32;
  const std::ptrdiff_t width = science.pixels.width();
  const std::ptrdiff_t height = science.pixels.height();
  Plane<float> result(width, height);
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    Plane<float> taps;
    for (std::ptrdiff_t x = 0; x < width; ++x) {
      if (x % block == 0) {
        taps = kernel.evaluate(static_cast<double>(x) + 0.5 * block,
                               static_cast<double>(y / block * block) + 0.5 * block);
      }
      double sum = kernel.background(static_cast<double>(x), static_cast<double>(y));
      for (std::ptrdiff_t j = 0; j < taps.height(); ++j) {
        for (std::ptrdiff_t i = 0; i < taps.width(); ++i) {
          const std::ptrdiff_t u = x + i - kernel.radius;
          const std::ptrdiff_t v = y + j - kernel.radius;
          if (!reference.pixels.view().contains(u, v)) continue;
          sum += static_cast<double>(taps(i, j)) *
                 (static_cast<double>(reference.pixels(u, v)) - kernel.level);
        }
      }
      result(x, y) = science.pixels(x, y) - static_cast<float>(sum);
    }
  }
  return result;
}

/// Scatter of the light that a Gaussian filter finds on nothing.
double noise_of_light(View<const float> image, double sigma) {
  Plane<float> filtered(image.width, image.height);
  const Plane<float> psf = gaussian_kernel(2.3548 * sigma);
  double square = 0.0;
  for (std::ptrdiff_t i = 0; i < psf.size(); ++i) {
    square += std::pow(static_cast<double>(psf.data()[i]), 2);
  }
  correlate(image, psf.view(), filtered.view());
  return noise_of(filtered.view()).rms / square;
}

struct Stacks {
  RealFrame science, reference;
};

/// Five exposures each; ADU of one exposure.
std::optional<Stacks> read_stacks() {
  constexpr double exposures = 5.0;
  auto science = test::read_plain_fits(kFolder + "4check/Stack-DEC-OBS04.fits");
  auto reference = test::read_plain_fits(kFolder + "4check/Stack-DEC-OBS18.fits");
  if (!science || !reference) return std::nullopt;
  return Stacks{with_variance(std::move(*science), 4.0 * exposures),
                with_variance(std::move(*reference), 4.1 * exposures)};
}

TEST(DecamPairs, DifferenceIsNoWorseThanSfftsDecorrelatedOne) {
  const auto stacks = read_stacks();
  const auto theirs = test::read_plain_fits(kFolder + "4check/FinalDifference.DeCorr.fits");
  if (!stacks || !theirs) GTEST_SKIP() << "skipped: no real data";
  const Difference d = subtract_frames(stacks->science.view(), stacks->reference.view());
  ASSERT_FALSE(d.empty());
  const Noise mine = noise_of(d.difference.view());
  const Noise other = noise_of(theirs->view());
  std::printf("ours: rms %.2f, neighbours %.3f and %.3f; SFFT's: %.2f, %.3f and %.3f\n", mine.rms,
              mine.right, mine.below, other.rms, other.right, other.below);
  std::printf(
      "stars %d of %d, FWHM %.2f and %.2f, chi2 %.2f, registration %.3f, light %.4f, noise "
      "%.3f, ratio %.3f\n",
      d.quality.stars_used, d.quality.stars_found, d.quality.fwhm_science_px,
      d.quality.fwhm_reference_px, d.quality.star_chi2, d.quality.registration_error_px,
      d.quality.light_error, d.quality.noise_scale, d.quality.flux_ratio);
  EXPECT_LE(std::max(mine.right, mine.below), 0.18);
  const auto theirs_plain = test::read_plain_fits(kFolder + "4check/FinalDifference.fits");
  ASSERT_TRUE(theirs_plain.has_value());
  const Noise plain =
      noise_of(plain_difference(stacks->science, stacks->reference, d.kernel).view());
  const Noise other_plain = noise_of(theirs_plain->view());
  std::printf("before decorrelation: ours %.2f, SFFT's %.2f\n", plain.rms, other_plain.rms);
  EXPECT_LE(plain.rms, 1.02 * other_plain.rms);
  // Decorrelated noise has the same power at frequency 0, so less correlation shows as more scatter
  // of the pixels; what counts is the scatter of measured light.
  const double sigma = d.quality.fwhm_science_px / 2.3548;
  const double light = noise_of_light(d.difference.view(), sigma);
  const double other_light = noise_of_light(theirs->view(), sigma);
  std::printf("noise of a star's light: ours %.0f, SFFT's %.0f\n", light, other_light);
  EXPECT_LE(light, 1.02 * other_light);
}

/// Whether a star's own noise, or what eight stars leave unknown of the kernel, dominates here: a
/// pixel of 5 sigma at the place, or one of 50 within reach of the kernel.
bool star_nearby(View<const float> image, std::ptrdiff_t x, std::ptrdiff_t y, double noise) {
  if (static_cast<double>(image(x, y)) > 5.0 * noise) return true;
  for (std::ptrdiff_t v = -12; v <= 12; ++v) {
    for (std::ptrdiff_t u = -12; u <= 12; ++u) {
      if (static_cast<double>(image(x + u, y + v)) > 50.0 * noise) return true;
    }
  }
  return false;
}

TEST(DecamPairs, FindsWhatIsPutIn) {
  const auto stacks = read_stacks();
  const auto theirs = test::read_plain_fits(kFolder + "4check/FinalDifference.DeCorr.fits");
  if (!stacks || !theirs) GTEST_SKIP() << "skipped: no real data";
  const Difference before = subtract_frames(stacks->science.view(), stacks->reference.view());
  ASSERT_FALSE(before.empty());
  const double sigma = before.quality.fwhm_science_px / 2.3548;
  // S/N 1 is what SFFT's own decorrelated difference makes of it.
  const double unit = noise_of_light(theirs->view(), sigma);
  const double sky_noise = noise_of(stacks->science.pixels.view()).rms;
  for (const double snr : {5.0, 10.0}) {
    int tried = 0;
    int found = 0;
    for (std::uint64_t round = 0; round < 4; ++round) {
      RandomStream random(11, "places", round);
      RealFrame science = stacks->science;
      std::vector<std::pair<double, double>> places;
      for (int i = 0; i < 36; ++i) {
        const double x = 24.0 + 208.0 * (i % 6 + random.uniform()) / 6.0;
        const double y = 24.0 + 208.0 * (i / 6 + random.uniform()) / 6.0;
        places.emplace_back(x, y);
        for (std::ptrdiff_t v = -12; v <= 12; ++v) {
          for (std::ptrdiff_t u = -12; u <= 12; ++u) {
            const std::ptrdiff_t px = std::lround(x) + u;
            const std::ptrdiff_t py = std::lround(y) + v;
            const double r2 =
                std::pow(static_cast<double>(px) - x, 2) + std::pow(static_cast<double>(py) - y, 2);
            science.pixels(px, py) +=
                static_cast<float>(snr * unit * std::exp(-0.5 * r2 / (sigma * sigma)) /
                                   (2.0 * 3.14159265 * sigma * sigma));
          }
        }
      }
      const Difference d = subtract_frames(science.view(), stacks->reference.view());
      ASSERT_FALSE(d.empty());
      for (const auto& [x, y] : places) {
        const std::ptrdiff_t px = std::lround(x);
        const std::ptrdiff_t py = std::lround(y);
        if ((d.mask(px, py) & mask_bits::unusable) != 0 ||
            star_nearby(stacks->science.pixels.view(), px, py, sky_noise)) {
          continue;
        }
        ++tried;
        float best = 0.0F;
        for (std::ptrdiff_t v = -1; v <= 1; ++v) {
          for (std::ptrdiff_t u = -1; u <= 1; ++u) best = std::max(best, d.score(px + u, py + v));
        }
        found += best > (snr > 7.0 ? 5.0F : 3.0F) ? 1 : 0;
      }
    }
    std::printf("S/N %.0f: %d of %d\n", snr, found, tried);
    ASSERT_GT(tried, 50);
    EXPECT_GE(static_cast<double>(found) / tried, snr > 7.0 ? 0.995 : 0.95);
  }
}

}  // namespace
}  // namespace polis
