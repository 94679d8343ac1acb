#include "kernels/moffat.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/pixel_sums.h"
#include "kernels/psf.h"
#include "kernels/vector_math.h"

namespace polis {
namespace {

TEST(VectorMath, AgreesWithTheLibrary) {
  for (double x = 1e-6; x < 1e9; x *= 1.0173) {
    const auto value = static_cast<float>(x);
    const double exact = std::log(static_cast<double>(value));
    const double found = static_cast<double>(simd::logarithm(simd::splat(value))[3]);
    EXPECT_NEAR(found, exact, 2e-7 * std::max(1.0, std::abs(exact))) << value;
  }
  for (double x = -87.0; x <= 0.0; x += 0.0173) {
    const auto value = static_cast<float>(x);
    const double exact = std::exp(static_cast<double>(value));
    EXPECT_NEAR(static_cast<double>(simd::exponential(simd::splat(value))[5]) / exact, 1.0, 3e-7)
        << value;
  }
  EXPECT_GE(simd::exponential(simd::splat(-1e30F))[0], 0.0F);
}

MoffatShape shape_of(double fwhm, double e1, double e2, double inverse_beta) {
  MoffatShape shape = MoffatShape::of_fwhm(fwhm, 1.0 / inverse_beta);
  shape.e1 = e1;
  shape.e2 = e2;
  return shape;
}

const std::vector<MoffatShape> shapes{shape_of(1.2, 0.0, 0.0, 0.3), shape_of(2.0, 0.2, -0.1, 0.25),
                                      shape_of(3.6, -0.3, 0.3, 0.4), shape_of(8.0, 0.05, 0.5, 0.02),
                                      shape_of(15.0, 0.0, 0.1, 0.6)};

TEST(Moffat, SamplesAreThePixelsOfTheProfile) {
  for (const MoffatShape& shape : shapes)
    for (const int os : {1, 2, 4}) {
      constexpr int size = 21;
      const Plane<float> samples = moffat_samples(shape, size, os);
      ASSERT_EQ(samples.width(), psf_samples(size, os));
      const std::ptrdiff_t middle = samples.width() / 2;
      const double peak = moffat_pixel(shape, 0.0, 0.0);
      for (std::ptrdiff_t y = 0; y < samples.height(); ++y)
        for (std::ptrdiff_t x = 0; x < samples.width(); ++x) {
          const double exact = moffat_pixel(shape, static_cast<double>(x - middle) / os,
                                            static_cast<double>(y - middle) / os);
          ASSERT_NEAR(static_cast<double>(samples(x, y)), exact, 5e-5 * peak) << x << " " << y;
        }
    }
}

TEST(Moffat, SlopesAreDifferencesOfSamples) {
  constexpr int size = 15;
  constexpr double h = 1e-4;
  for (const MoffatShape& shape : shapes) {
    const auto slopes = moffat_slopes(shape, size, 2);
    for (std::size_t k = 0; k < 4; ++k) {
      MoffatShape low = shape, high = shape;
      const auto at = [&](MoffatShape& s) -> double& {
        return k == 0 ? s.log_alpha : k == 1 ? s.e1 : k == 2 ? s.e2 : s.inverse_beta;
      };
      at(low) -= h;
      at(high) += h;
      const std::ptrdiff_t middle = slopes[k].width() / 2;
      const double peak = moffat_pixel(shape, 0.0, 0.0);
      for (std::ptrdiff_t y = 0; y < slopes[k].height(); ++y)
        for (std::ptrdiff_t x = 0; x < slopes[k].width(); ++x) {
          const double u = static_cast<double>(x - middle) / 2.0;
          const double v = static_cast<double>(y - middle) / 2.0;
          const double exact = (moffat_pixel(high, u, v) - moffat_pixel(low, u, v)) / (2.0 * h);
          ASSERT_NEAR(static_cast<double>(slopes[k](x, y)), exact,
                      1e-3 * std::max(peak, std::abs(exact)))
              << k << " " << x << " " << y;
        }
    }
  }
}

TEST(PixelProducts, EqualSumsPixelByPixel) {
  constexpr std::size_t count = 4096 + 24;
  std::vector<std::vector<float>> columns(5, std::vector<float>(count));
  std::vector<float> weight(count);
  for (std::size_t p = 0; p < count; ++p) {
    weight[p] = p % 11 == 0 ? 0.0F : 0.1F + 0.01F * static_cast<float>(p % 7);
    for (std::size_t c = 0; c < 5; ++c)
      columns[c][p] = std::sin(static_cast<float>((c + 1) * p) * 0.37F) + 0.1F;
  }
  const auto found = weighted_products<5>({columns[0].data(), columns[1].data(), columns[2].data(),
                                           columns[3].data(), columns[4].data()},
                                          weight.data(), count);
  for (std::size_t a = 0; a < 5; ++a)
    for (std::size_t b = 0; b < 5; ++b) {
      double sum = 0.0;
      for (std::size_t p = 0; p < count; ++p)
        sum += static_cast<double>(weight[p]) * static_cast<double>(columns[a][p]) *
               static_cast<double>(columns[b][p]);
      EXPECT_NEAR(found.sums[a][b], sum, 1e-3);
    }
}

}  // namespace
}  // namespace polis
