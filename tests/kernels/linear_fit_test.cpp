#include "kernels/linear_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace polis {
namespace {

struct Sample {
  std::vector<double> rows, target, error;
};

Sample make_sample(std::uint64_t seed, std::size_t count, double extra) {
  RandomStream stream(seed, "rows");
  Sample sample;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = stream.uniform(-1.0, 1.0);
    const double error = stream.uniform(0.001, 0.02);
    sample.rows.insert(sample.rows.end(), {1.0, x});
    sample.target.push_back(25.0 - 0.1 * x + std::hypot(error, extra) * stream.normal());
    sample.error.push_back(error);
  }
  return sample;
}

TEST(FitLinear, PullsAreUnityAndExtraScatterIsFound) {
  double pull = 0.0;
  double extra = 0.0;
  const int runs = 600;
  for (int run = 0; run < runs; ++run) {
    const Sample s = make_sample(static_cast<std::uint64_t>(run + 7000), 100, 0.015);
    LinearFit fit;
    ASSERT_TRUE(fit_linear(s.rows, 2, s.target, s.error, {}, fit));
    pull += std::pow((fit.coefficients[0] - 25.0) / fit.error(0), 2) / runs;
    extra += fit.extra_sigma / runs;
  }
  EXPECT_NEAR(pull, 1.0, 0.2);
  EXPECT_NEAR(extra, 0.015, 0.002);
}

TEST(FitLinear, ThirtyPercentOutliersOnOneSideDoNotPullIt) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Sample s = make_sample(seed, 200, 0.005);
    for (std::size_t i = 0; i < 60; ++i) s.target[i] -= 0.3 + 0.01 * static_cast<double>(i);
    LinearFit fit;
    ASSERT_TRUE(fit_linear(s.rows, 2, s.target, s.error, {}, fit));
    EXPECT_NEAR(fit.coefficients[0], 25.0, 0.006);
    for (std::size_t i = 0; i < 60; ++i) EXPECT_EQ(fit.used[i], 0);
  }
}

TEST(FitLinear, RefusesWhatDoesNotDetermineIt) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  LinearFit fit;
  EXPECT_FALSE(fit_linear({}, 2, {}, {}, {}, fit));
  EXPECT_FALSE(fit_linear({}, 0, {}, {}, {}, fit));
  const std::vector<double> same{1, 2, 1, 2, 1, 2};
  const std::vector<double> three{1, 2, 3};
  EXPECT_FALSE(fit_linear(same, 2, three, three, {}, fit));
  const std::vector<double> rows{1, 2, 1, 3, 1, 4};
  EXPECT_FALSE(fit_linear(rows, 2, three, std::vector<double>{nan, 1, 0}, {}, fit));
  EXPECT_FALSE(fit_linear(rows, 2, std::vector<double>{nan, nan, 1}, three, {}, fit));
  EXPECT_TRUE(fit_linear(rows, 2, three, three, {}, fit));
  EXPECT_NEAR(fit.coefficients[1], 1.0, 1e-9);
}

}  // namespace
}  // namespace polis
