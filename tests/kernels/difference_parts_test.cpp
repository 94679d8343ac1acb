#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "kernels/correlate_block.h"
#include "kernels/difference_basis.h"
#include "kernels/difference_filters.h"
#include "kernels/difference_kernel.h"
#include "kernels/difference_mask.h"
#include "kernels/fft.h"
#include "kernels/star_centre.h"

namespace polis {
namespace {

Plane<float> noise(std::ptrdiff_t width, std::ptrdiff_t height, std::uint64_t seed) {
  RandomStream random(seed, "noise");
  Plane<float> image(width, height);
  for (std::ptrdiff_t i = 0; i < image.size(); ++i) {
    image.data()[i] = static_cast<float>(random.normal());
  }
  return image;
}

double naive_correlation(View<const float> in, View<const float> kernel, std::ptrdiff_t x,
                         std::ptrdiff_t y) {
  double sum = 0.0;
  for (std::ptrdiff_t j = 0; j < kernel.height; ++j) {
    for (std::ptrdiff_t i = 0; i < kernel.width; ++i) {
      sum += static_cast<double>(kernel(i, j)) * static_cast<double>(in(x + i, y + j));
    }
  }
  return sum;
}

TEST(CorrelateBlock, EqualsTheSumItStandsFor) {
  for (const std::ptrdiff_t radius : {0, 1, 4, 10}) {
    const Plane<float> kernel = noise(2 * radius + 1, 2 * radius + 1, 1);
    const Plane<float> in = noise(48 + 2 * radius, 20 + 2 * radius, 2);
    Plane<float> out(48, 20);
    BlockTaps taps;
    taps.set(kernel.view());
    correlate_block(in.view(), taps, out.view());
    for (std::ptrdiff_t y = 0; y < out.height(); ++y) {
      for (std::ptrdiff_t x = 0; x < out.width(); ++x) {
        ASSERT_NEAR(out(x, y), naive_correlation(in.view(), kernel.view(), x, y), 1e-4);
      }
    }
  }
}

TEST(KernelBasis, CorrelatesAWindowAsItsFunctionsDo) {
  const KernelBasis basis = make_kernel_basis(2.5, 3.5, 7);
  const Plane<float> window = noise(9 + 14, 9 + 14, 3);
  Plane<float> rows(81, static_cast<std::ptrdiff_t>(basis.size()));
  correlate_basis(basis, window.view(), rows.view());
  for (std::size_t b = 0; b < basis.size(); ++b) {
    std::vector<double> alone(basis.size(), 0.0);
    alone[b] = 1.0;
    const Plane<float> function = basis.combine(alone.data());
    for (std::ptrdiff_t p = 0; p < 81; ++p) {
      ASSERT_NEAR(rows(p, static_cast<std::ptrdiff_t>(b)),
                  naive_correlation(window.view(), function.view(), p % 9, p / 9), 1e-4);
    }
  }
}

TEST(FieldPolynomial, IsTheSameAlongARow) {
  const FieldPolynomial field = FieldPolynomial::over(300, 200, 3);
  std::vector<double> weights;
  for (std::size_t t = 0; t < field.term_count(); ++t) {
    weights.push_back(1.0 + static_cast<double>(t));
  }
  std::vector<float> row(50);
  field.along_row(weights, 20.0, 33.0, 50, row.data());
  std::vector<double> terms(field.term_count());
  for (std::size_t i = 0; i < row.size(); ++i) {
    field.evaluate(20.0 + static_cast<double>(i), 33.0, terms.data());
    double sum = 0.0;
    for (std::size_t t = 0; t < terms.size(); ++t) sum += terms[t] * weights[t];
    ASSERT_NEAR(row[i], sum, 1e-5);
  }
}

TEST(DifferenceMask, GrowsUnusablePixelsOfTheSharpFrameOnly) {
  constexpr std::ptrdiff_t width = 90;
  constexpr std::ptrdiff_t height = 70;
  const Plane<float> ones(width, height, 1.0F);
  Plane<MaskPixel> sharp(width, height);
  Plane<MaskPixel> broad(width, height);
  RandomStream random(5, "mask");
  for (int i = 0; i < 25; ++i) {
    const auto x = static_cast<std::ptrdiff_t>(random.below(width));
    const auto y = static_cast<std::ptrdiff_t>(random.below(height));
    constexpr MaskPixel kinds[] = {mask_bits::detected, mask_bits::cosmic_ray,
                                   mask_bits::saturated};
    (i % 2 == 0 ? sharp : broad)(x, y) |= kinds[i % 3];
  }
  const DifferenceFrame s{ones.view(), ones.view(), sharp.view()};
  const DifferenceFrame b{ones.view(), ones.view(), broad.view()};
  MaskScratch scratch;
  for (const std::ptrdiff_t reach : {0, 1, 3, 6}) {
    Plane<MaskPixel> out(60, 50);
    const KernelReach far{reach, reach + 2};
    difference_mask(s, b, far, 20, 15, scratch, out.view());
    for (std::ptrdiff_t y = 0; y < 50; ++y) {
      for (std::ptrdiff_t x = 0; x < 60; ++x) {
        MaskPixel expected = sharp(x + 20, y + 15) | broad(x + 20, y + 15);
        for (std::ptrdiff_t j = -far.saturated; j <= far.saturated; ++j) {
          for (std::ptrdiff_t i = -far.saturated; i <= far.saturated; ++i) {
            const bool near = std::max(std::abs(i), std::abs(j)) <= reach;
            if (!sharp.view().contains(x + 20 + i, y + 15 + j)) {
              if (near) expected |= mask_bits::no_data | mask_bits::edge;
            } else {
              expected |= sharp(x + 20 + i, y + 15 + j) &
                          (near ? mask_bits::unusable : mask_bits::saturated);
            }
          }
        }
        ASSERT_EQ(out(x, y), expected) << x << ' ' << y << ' ' << reach;
      }
    }
  }
}

TEST(SquareFft, GoesThereAndBack) {
  const SquareFft fft(32);
  const Plane<float> image = noise(32, 32, 8);
  SquareFft::Spectrum spectrum;
  fft.forward(image, spectrum);
  double sum = 0.0;
  for (std::ptrdiff_t i = 0; i < image.size(); ++i) sum += static_cast<double>(image.data()[i]);
  EXPECT_NEAR(spectrum[0].real(), sum, 1e-3);
  Plane<float> back;
  fft.backward(spectrum, back);
  for (std::ptrdiff_t i = 0; i < image.size(); ++i) {
    ASSERT_NEAR(image.data()[i], back.data()[i], 1e-5);
  }
}

/// A round Gaussian stamp, sum 1.
Plane<float> gaussian(double sigma, std::ptrdiff_t radius) {
  Plane<float> stamp(2 * radius + 1, 2 * radius + 1);
  double sum = 0.0;
  for (std::ptrdiff_t y = -radius; y <= radius; ++y) {
    for (std::ptrdiff_t x = -radius; x <= radius; ++x) {
      const double value = std::exp(-0.5 * static_cast<double>(x * x + y * y) / (sigma * sigma));
      stamp(x + radius, y + radius) = static_cast<float>(value);
      sum += value;
    }
  }
  for (std::ptrdiff_t i = 0; i < stamp.size(); ++i) stamp.data()[i] /= static_cast<float>(sum);
  return stamp;
}

/// Correlates a plane with taps, without what is near its border.
Plane<float> filtered(const Plane<float>& in, const BlockTaps& taps, std::ptrdiff_t width,
                      std::ptrdiff_t height) {
  Plane<float> out(width, height);
  correlate_block(in.view(), taps, out.view());
  return out;
}

TEST(ScoreFilters, WhitenTheNoiseAndKnowTheVarianceOfTheSum) {
  const Plane<float> kernel = gaussian(1.1, 10);
  const Plane<float> psf = gaussian(1.5, 8);
  const SquareFft fft(score_filter_side(10));
  const LocalNoise local{kernel.view(), psf.view(), 1.0, 0.5, {}};
  const ScoreFilters filters = make_score_filters(local, fft);
  const std::ptrdiff_t margin = 40;
  const Plane<float> sharp = noise(512 + 2 * margin, 512 + 2 * margin, 21);
  const Plane<float> broad = noise(512 + 2 * margin, 512 + 2 * margin, 22);
  BlockTaps taps;
  taps.set(kernel.view());
  Plane<float> difference = filtered(sharp, taps, 560, 560);
  for (std::ptrdiff_t y = 0; y < 560; ++y) {
    for (std::ptrdiff_t x = 0; x < 560; ++x) {
      difference(x, y) = std::sqrt(0.5F) * broad(x + 10, y + 10) - difference(x, y);
    }
  }
  const Plane<float> white = filtered(difference, filters.decorrelate, 528, 528);
  double square = 0.0;
  double right = 0.0;
  double below = 0.0;
  for (std::ptrdiff_t y = 0; y + 1 < 528; ++y) {
    for (std::ptrdiff_t x = 0; x + 1 < 528; ++x) {
      const auto here = static_cast<double>(white(x, y));
      square += here * here;
      right += here * static_cast<double>(white(x + 1, y));
      below += here * static_cast<double>(white(x, y + 1));
    }
  }
  EXPECT_NEAR(right / square, 0.0, 0.01);
  EXPECT_NEAR(below / square, 0.0, 0.01);
  // White noise of the same power at frequency 0 as the frames have together.
  EXPECT_NEAR(square / (527.0 * 527.0), 1.5, 0.03);
  const Plane<float> sum = filtered(white, filters.match, 512, 512);
  double matched = 0.0;
  for (std::ptrdiff_t i = 0; i < sum.size(); ++i) {
    matched += std::pow(static_cast<double>(sum.data()[i]), 2);
  }
  const double measured = matched / static_cast<double>(sum.size());
  EXPECT_NEAR(measured / static_cast<double>(filters.sky_variance), 1.0, 0.03);
}

TEST(StarCentre, MeasuresAGaussianExactly) {
  Plane<float> image(31, 31);
  for (std::ptrdiff_t y = 0; y < 31; ++y) {
    for (std::ptrdiff_t x = 0; x < 31; ++x) {
      const double dx = static_cast<double>(x) - 15.3;
      const double dy = static_cast<double>(y) - 14.8;
      image(x, y) = static_cast<float>(10.0 + 1000.0 * std::exp(-0.5 * (dx * dx + dy * dy) / 2.25));
    }
  }
  const StarCentre centre = measure_star_centre(image.view(), 10.0, 15, 15);
  EXPECT_NEAR(centre.x, 15.3, 1e-3);
  EXPECT_NEAR(centre.y, 14.8, 1e-3);
  EXPECT_NEAR(centre.fwhm_px, 1.5 * 2.3548, 0.01);
  EXPECT_NEAR(centre.flux, 1000.0 * 2.0 * 3.14159265 * 2.25, 150.0);
}

TEST(StarCentre, NothingIsMeasuredOnNothing) {
  const Plane<float> flat(31, 31, 5.0F);
  EXPECT_EQ(measure_star_centre(flat.view(), 5.0, 15, 15).fwhm_px, 0.0);
  EXPECT_EQ(measure_star_centre(flat.view(), 6.0, 15, 15).fwhm_px, 0.0);
}

}  // namespace
}  // namespace polis
