#include "kernels/periodogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

struct Data {
  std::vector<double> t, y, e;
};

Data sine(std::size_t n, double period, double amplitude, double noise, std::uint64_t seed) {
  Data d;
  RandomStream random(seed, "sine");
  for (std::size_t i = 0; i < n; ++i) d.t.push_back(random.uniform(0, 10));
  std::sort(d.t.begin(), d.t.end());
  for (double t : d.t) {
    d.e.push_back(noise * random.uniform(0.5, 2.0));
    d.y.push_back(3.0 + amplitude * std::sin(2 * std::numbers::pi * t / period + 1.0) +
                  d.e.back() * random.normal());
  }
  return d;
}

/// Naive: solves the weighted 3 x 3 normal equations of a + b cos + c sin, by Cramer's rule.
double power_reference(const Data& d, double f) {
  double m[3][3] = {}, r[3] = {}, w_sum = 0, wy = 0, wyy = 0;
  for (std::size_t i = 0; i < d.t.size(); ++i) {
    const double w = 1 / (d.e[i] * d.e[i]);
    const double b[3] = {1, std::cos(2 * std::numbers::pi * f * d.t[i]),
                         std::sin(2 * std::numbers::pi * f * d.t[i])};
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 3; ++k) m[j][k] += w * b[j] * b[k];
      r[j] += w * b[j] * d.y[i];
    }
    w_sum += w;
    wy += w * d.y[i];
    wyy += w * d.y[i] * d.y[i];
  }
  const auto det = [](const double(&a)[3][3]) {
    return a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) -
           a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0]) +
           a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0]);
  };
  const double all = det(m);
  double explained = 0;
  for (int k = 0; k < 3; ++k) {
    double copy[3][3];
    std::copy(&m[0][0], &m[0][0] + 9, &copy[0][0]);
    for (int j = 0; j < 3; ++j) copy[j][k] = r[j];
    explained += det(copy) / all * r[k];
  }
  const double total = wyy - wy * wy / w_sum;
  return 1 - (wyy - explained) / total;
}

TEST(LombScargle, EqualsALeastSquaresFitAtEachFrequency) {
  const Data d = sine(60, 0.7, 0.1, 0.05, 1);
  const FrequencyGrid grid = frequency_grid(d.t, 10.0);
  const auto power = lomb_scargle(d.t, d.y, d.e, grid);
  for (std::size_t k = 0; k < grid.count; k += 7)
    EXPECT_NEAR(power[k], power_reference(d, grid.at(k)), 1e-8) << k;
}

TEST(LombScargle, FindsThePeriod) {
  const Data d = sine(150, 0.613, 0.02, 0.01, 2);
  const FrequencyGrid grid = frequency_grid(d.t, 20.0);
  const auto power = lomb_scargle(d.t, d.y, d.e, grid);
  const auto best =
      static_cast<std::size_t>(std::max_element(power.begin(), power.end()) - power.begin());
  EXPECT_NEAR(1 / grid.at(best), 0.613, 0.005);
  EXPECT_LT(false_alarm_probability(power[best], d.t, 20.0), 1e-6);
}

TEST(FalseAlarmProbability, HoldsForNoise) {
  int alarms = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Data d = sine(50, 1.0, 0.0, 0.01, 100 + seed);
    const auto power = lomb_scargle(d.t, d.y, d.e, frequency_grid(d.t, 5.0));
    if (false_alarm_probability(*std::max_element(power.begin(), power.end()), d.t, 5.0) < 0.1)
      ++alarms;
  }
  EXPECT_LE(alarms, 32);  // 20 expected
  EXPECT_GE(alarms, 4);
}

TEST(LombScargle, IsTheSameOnAnyNumberOfThreads) {
  const Data d = sine(100, 0.7, 0.1, 0.05, 3);
  const FrequencyGrid grid = frequency_grid(d.t, 50.0);
  const int before = thread_count();
  std::vector<std::vector<double>> all;
  for (int threads : {1, 2, 4}) {
    set_thread_count(threads);
    all.push_back(lomb_scargle(d.t, d.y, d.e, grid));
  }
  set_thread_count(before);
  EXPECT_EQ(all[0], all[1]);
  EXPECT_EQ(all[0], all[2]);
}

TEST(LombScargle, SurvivesWhatHoldsNothing) {
  EXPECT_EQ(frequency_grid({}, 10).count, 0U);
  const std::vector<double> t{1, 1, 1, 1, 1}, y{2, 2, 2, 2, 2}, e{1, 1, 1, 1, 1};
  EXPECT_EQ(frequency_grid(t, 10).count, 0U);
  const std::vector<double> t2{1, 2, 3, 4, 5};
  for (double p : lomb_scargle(t2, y, e, {0.1, 0.1, 20})) EXPECT_EQ(p, 0.0);
  EXPECT_EQ(false_alarm_probability(0.5, {}, 1.0), 1.0);
  EXPECT_TRUE(std::isnan(phase_dispersion(t2, y, e, 1.7)));
  EXPECT_TRUE(std::isnan(phase_dispersion({}, {}, {}, 1.0)));
}

TEST(PhaseDispersion, IsLeastAtTheTruePeriod) {
  const Data d = sine(300, 0.613, 0.1, 0.01, 4);
  EXPECT_LT(phase_dispersion(d.t, d.y, d.e, 0.613), 0.2);
  EXPECT_NEAR(phase_dispersion(d.t, d.y, d.e, 0.29), 1.0, 0.2);
}

}  // namespace
}  // namespace polis
