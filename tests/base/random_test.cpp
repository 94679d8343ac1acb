#include "base/random.h"

#include <gtest/gtest.h>

#include <cmath>

namespace polis {
namespace {

TEST(RandomStream, DependsOnlyOnSeedNameAndIndex) {
  RandomStream a(7, "stars", 3);
  RandomStream b(7, "stars", 3);
  RandomStream other(7, "stars", 4);
  const std::uint64_t first = a.next_u64();
  EXPECT_EQ(first, b.next_u64());
  EXPECT_NE(first, other.next_u64());
}

TEST(RandomStream, SeekGivesTheSameWords) {
  RandomStream a(1, "row");
  for (int i = 0; i < 8; ++i) a.next_u32();
  RandomStream b(1, "row");
  b.seek(2);
  EXPECT_EQ(a.next_u32(), b.next_u32());
}

TEST(RandomStream, PoissonHasItsMeanAndVariance) {
  for (const double mean : {0.3, 5.0, 11.9, 12.5, 80.0, 3000.0}) {
    RandomStream stream(11, "poisson");
    const int n = 40000;
    double sum = 0.0;
    double squares = 0.0;
    for (int i = 0; i < n; ++i) {
      const double value = static_cast<double>(stream.poisson(mean));
      sum += value;
      squares += value * value;
    }
    const double average = sum / n;
    const double variance = squares / n - average * average;
    EXPECT_NEAR(average, mean, 5.0 * std::sqrt(mean / n)) << mean;
    EXPECT_NEAR(variance / mean, 1.0, 5.0 * std::sqrt((2.0 + 1.0 / mean) / n)) << mean;
  }
}

TEST(RandomStream, NormalHasUnitVariance) {
  RandomStream stream(3, "normal");
  const int n = 100000;
  double squares = 0.0;
  for (int i = 0; i < n; ++i) {
    const double value = stream.normal();
    squares += value * value;
  }
  EXPECT_NEAR(squares / n, 1.0, 5.0 * std::sqrt(2.0 / n));
}

}  // namespace
}  // namespace polis
