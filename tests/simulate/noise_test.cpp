#include "simulate/noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace polis {
namespace {

constexpr std::size_t kMany = 400000;

TEST(RowNoise, NormalHasTheMomentsAndTailsOfANormal) {
  std::vector<float> values(kMany);
  RowNoise(3, "test").normal(17, values);
  double sum = 0.0, squares = 0.0, fourth = 0.0;
  std::size_t beyond3 = 0;
  for (const float v : values) {
    const double x = static_cast<double>(v);
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    if (std::abs(x) > 3.0) ++beyond3;
  }
  const double n = static_cast<double>(kMany);
  EXPECT_NEAR(sum / n, 0.0, 5.0 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1.0, 5.0 * std::sqrt(2.0 / n));
  EXPECT_NEAR(fourth / n, 3.0, 5.0 * std::sqrt(96.0 / n));
  EXPECT_NEAR(static_cast<double>(beyond3) / n, 0.0026998, 5.0 * std::sqrt(0.0027 / n));
}

TEST(RowNoise, NeighboursAndRowsAreIndependent) {
  std::vector<float> a(kMany), b(kMany);
  RowNoise(3, "test").normal(0, a);
  RowNoise(3, "test").normal(1, b);
  double next = 0.0, across = 0.0, block = 0.0;
  for (std::size_t i = 0; i + 64 < kMany; ++i) {
    next += static_cast<double>(a[i] * a[i + 1]);
    block += static_cast<double>(a[i] * a[i + 64]);
    across += static_cast<double>(a[i] * b[i]);
  }
  const double n = static_cast<double>(kMany);
  for (const double sum : {next, across, block}) EXPECT_NEAR(sum / n, 0.0, 5.0 / std::sqrt(n));
}

TEST(RowNoise, PoissonHasItsMeanAndVariance) {
  for (const float mean : {0.02F, 0.7F, 5.0F, 39.0F, 41.0F, 800.0F, 60000.0F}) {
    std::vector<float> values(kMany, mean);
    RowNoise(5, "photons").poisson(2, values);
    double sum = 0.0, squares = 0.0;
    for (const float v : values) {
      ASSERT_GE(v, 0.0F);
      ASSERT_EQ(v, std::nearbyint(v));
      const double off = static_cast<double>(v) - static_cast<double>(mean);
      sum += off;
      squares += off * off;
    }
    const double n = static_cast<double>(kMany);
    const double m = static_cast<double>(mean);
    EXPECT_NEAR(sum / n, 0.0, 5.0 * std::sqrt(m / n)) << mean;
    // Rounding to whole electrons adds 1/12 where the normal stands in.
    EXPECT_NEAR(squares / n / m, 1.0, 0.003 + 5.0 * std::sqrt((2.0 + 1.0 / m) / n)) << mean;
  }
}

TEST(RowNoise, PoissonAtLowMeanHasTheRightShareOfZeros) {
  std::vector<float> values(kMany, 1.5F);
  RowNoise(6, "photons").poisson(0, values);
  const auto zeros = std::count(values.begin(), values.end(), 0.0F);
  EXPECT_NEAR(static_cast<double>(zeros) / kMany, std::exp(-1.5), 0.004);
}

TEST(RowNoise, NoMeanGivesNoCounts) {
  std::vector<float> values{0.0F, -3.0F, std::nanf(""), 100.0F};
  RowNoise(1, "x").poisson(0, values);
  EXPECT_EQ(values[0], 0.0F);
  EXPECT_EQ(values[1], 0.0F);
  EXPECT_EQ(values[2], 0.0F);
  EXPECT_GT(values[3], 40.0F);
}

TEST(RowNoise, ARowsBeginningDoesNotDependOnItsLength) {
  std::vector<float> whole(1000), part(37);
  RowNoise(1, "x").normal(9, whole);
  RowNoise(1, "x").normal(9, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin()));
}

}  // namespace
}  // namespace polis
