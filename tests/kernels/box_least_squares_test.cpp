#include "kernels/box_least_squares.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

struct Data {
  std::vector<double> t, y, e;
};

Data night(double depth, double mid, double duration, double slope, double noise,
           std::uint64_t seed, int n = 140) {
  Data d;
  RandomStream random(seed, "night");
  for (int i = 0; i < n; ++i) {
    const double t = 0.3 * i / n;
    d.t.push_back(t);
    d.e.push_back(noise);
    d.y.push_back(1.0 + slope * t - (std::abs(t - mid) < duration / 2 ? depth : 0.0) +
                  noise * random.normal());
  }
  return d;
}

TEST(SingleDip, FindsDepthTimeAndDurationOnASlope) {
  const Data d = night(0.02, 0.14, 0.12, 0.05, 0.005, 1);
  const Dip dip = find_single_dip(d.t, d.y, d.e, {0.02, 0.2, 5});
  EXPECT_NEAR(dip.depth, 0.02, 4 * dip.depth_err);
  EXPECT_NEAR(dip.mid_time, 0.14, 0.008);
  EXPECT_NEAR(dip.duration, 0.12, 0.02);
  EXPECT_GT(dip.snr(), 10);
}

TEST(SingleDip, DepthAndErrorEqualALeastSquaresFit) {
  // Truth without noise: the fit must give the depth exactly.
  Data d = night(0.02, 0.15, 0.1, -0.1, 0.001, 2);
  for (std::size_t i = 0; i < d.t.size(); ++i) {
    d.y[i] = 5.0 - 0.1 * d.t[i] - (d.t[i] >= 0.1 && d.t[i] < 0.2 ? 0.02 : 0.0);
  }
  const Dip dip = find_single_dip(d.t, d.y, d.e, {0.1, 0.1, 5});
  EXPECT_NEAR(dip.depth, 0.02, 1e-9);
}

TEST(SingleDip, NoiseAloneSeldomReachesFiveSigma) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Data d = night(0.0, 0.1, 0.1, 0.02, 0.005, 50 + seed);
    if (find_single_dip(d.t, d.y, d.e, {0.02, 0.2, 5}).snr() > 5) ++found;
  }
  EXPECT_LE(found, 1);
}

TEST(PeriodicDip, FindsThePeriod) {
  Data d;
  RandomStream random(3, "periodic");
  for (int i = 0; i < 2000; ++i) {
    const double t = 20.0 * i / 2000;
    const double phase = std::fmod(t - 0.4 + 21.3, 2.13) - 2.13 / 2;
    d.t.push_back(t);
    d.e.push_back(0.003);
    d.y.push_back(1.0 - (std::abs(std::abs(phase) - 2.13 / 2) < 0.06 ? 0.01 : 0.0) +
                  0.003 * random.normal());
  }
  const Dip dip = find_periodic_dip(d.t, d.y, d.e, {.shortest_period = 0.5, .longest_period = 8.0});
  EXPECT_NEAR(dip.period, 2.13, 0.01);
  EXPECT_NEAR(dip.depth, 0.01, 0.0015);
  EXPECT_NEAR(dip.mid_time, 0.4, 0.03);
}

TEST(PeriodicDip, IsTheSameOnAnyNumberOfThreads) {
  const Data d = night(0.02, 0.14, 0.05, 0.0, 0.005, 4);
  const BoxSearchSettings settings{.shortest_period = 0.05, .longest_period = 0.3};
  const int before = thread_count();
  std::vector<double> snrs;
  for (int threads : {1, 2, 4}) {
    set_thread_count(threads);
    snrs.push_back(find_periodic_dip(d.t, d.y, d.e, settings).snr());
  }
  set_thread_count(before);
  EXPECT_EQ(snrs[0], snrs[1]);
  EXPECT_EQ(snrs[0], snrs[2]);
}

TEST(Dips, SurviveWhatHoldsNothing) {
  EXPECT_EQ(find_single_dip({}, {}, {}, {0.1, 0.2, 5}).snr(), 0);
  EXPECT_EQ(find_periodic_dip({}, {}, {}, {.shortest_period = 1, .longest_period = 2}).snr(), 0);
  const std::vector<double> t{1, 1, 1, 1, 1, 1, 1}, y(7, 2.0), e(7, 1.0);
  EXPECT_EQ(find_single_dip(t, y, e, {0.1, 0.2, 1}).snr(), 0);
  EXPECT_EQ(find_periodic_dip(t, y, e, {.shortest_period = 1, .longest_period = 2}).snr(), 0);
  EXPECT_EQ(red_noise_factor({}, {}, 1.0), 1.0);
}

TEST(RedNoise, SeesCorrelatedResiduals) {
  std::vector<double> t, white, red;
  RandomStream random(5, "red");
  for (int i = 0; i < 400; ++i) {
    t.push_back(i);
    white.push_back(random.normal());
    red.push_back(white.back() + 2 * std::sin(i / 15.0));
  }
  EXPECT_LT(red_noise_factor(t, white, 20), 1.5);
  EXPECT_GT(red_noise_factor(t, red, 20), 2.5);
}

}  // namespace
}  // namespace polis
