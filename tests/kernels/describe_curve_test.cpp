#include "kernels/describe_curve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "base/random.h"

namespace polis {
namespace {

struct Data {
  std::vector<double> t, y, e;
  CurveView view() const { return {t, y, e, {}}; }
};

template <class Light>
Data curve(int n, double span, double noise, std::uint64_t seed, Light light) {
  Data d;
  RandomStream random(seed, "curve");
  for (int i = 0; i < n; ++i) {
    d.t.push_back(span * i / n);
    d.e.push_back(noise);
    d.y.push_back(light(d.t.back()) + noise * random.normal());
  }
  return d;
}

TEST(DescribeCurve, FindsATransitAndItsRadius) {
  const Transit truth{0.14, 0.15, 17.0, 0.1, 1.0, 0.02};
  const Data d = curve(140, 0.3, 0.005, 1, [&](double t) { return truth.flux(t, {}); });
  const CurveDescription found = describe_curve(d.view(), {});
  ASSERT_TRUE(found.has_dip);
  ASSERT_TRUE(found.transit.converged);
  EXPECT_NEAR(found.transit.transit.mid_time, 0.14, 0.004);
  EXPECT_NEAR(std::pow(found.transit.transit.radius_ratio, 2), 0.0225, 0.003);
  EXPECT_FALSE(found.periodic);
}

TEST(DescribeCurve, FindsThePeriodOfAVariableStar) {
  const Data d = curve(200, 3.0, 0.01, 2, [](double t) {
    return 1 + 0.1 * std::sin(2 * std::numbers::pi * t / 0.57);
  });
  const CurveDescription found = describe_curve(d.view(), {});
  EXPECT_TRUE(found.periodic);
  EXPECT_NEAR(found.period_days, 0.57, 0.01);
  EXPECT_NEAR(found.amplitude, 0.2, 0.03);
}

TEST(DescribeCurve, DoublesThePeriodOfUnequalEclipses) {
  const Data d = curve(600, 6.0, 0.005, 3, [](double t) {
    const double phase = t / 0.8 - std::floor(t / 0.8);
    return 1 - 0.4 * std::exp(-std::pow((phase - 0.25) / 0.07, 2)) -
           0.15 * std::exp(-std::pow((phase - 0.75) / 0.07, 2));
  });
  EXPECT_NEAR(describe_curve(d.view(), {}).period_days, 0.8, 0.02);
}

TEST(DescribeCurve, SaysThatAConstantStarIsConstant) {
  int dips = 0, periods = 0;
  double chi2 = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Data d = curve(140, 0.3, 0.005, 100 + seed, [](double) { return 1.0; });
    const CurveDescription found = describe_curve(d.view(), {});
    dips += found.has_dip;
    periods += found.periodic;
    chi2 += found.chi2 / 100;
  }
  EXPECT_EQ(dips, 0);
  EXPECT_EQ(periods, 0);
  EXPECT_NEAR(chi2, 1.0, 0.05);
}

TEST(DescribeCurve, RedNoiseIsNoTransit) {
  int dips = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    double walk = 0;
    RandomStream random(seed, "walk");
    const Data d = curve(140, 0.3, 0.003, seed, [&](double) {
      walk = 0.95 * walk + 0.0015 * random.normal();
      return 1.0 + walk;
    });
    dips += describe_curve(d.view(), {}).has_dip;
  }
  EXPECT_LE(dips, 5);
}

TEST(DescribeCurve, RedNoiseIsNoPeriod) {
  int periods = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    double walk = 0;
    RandomStream random(seed, "red walk");
    const Data d = curve(140, 0.3, 0.003, seed, [&](double) {
      walk = 0.9 * walk + 0.003 * random.normal();
      return 1.0 + walk;
    });
    periods += describe_curve(d.view(), {}).periodic;
  }
  EXPECT_LE(periods, 1);
}

TEST(DescribeCurve, WhatFollowsAKnownTrendIsNoPeriod) {
  Data d = curve(140, 0.3, 0.003, 6,
                 [](double t) { return 1.0 + 0.02 * std::sin(2 * std::numbers::pi * t / 0.09); });
  EXPECT_TRUE(describe_curve(d.view(), {}).periodic);
  std::vector<double> place;
  for (const double t : d.t) place.push_back(40 + 3 * std::sin(2 * std::numbers::pi * t / 0.09));
  CurveView view = d.view();
  view.trends.emplace_back(place);
  EXPECT_FALSE(describe_curve(view, {}).periodic);
}

TEST(DescribeCurve, SeesFewCyclesOfAStarThatIsNothingButItsPeriod) {
  const Data d = curve(140, 0.3, 0.003, 7, [](double t) {
    return 1.0 + 0.05 * std::sin(2 * std::numbers::pi * t / 0.1);
  });
  EXPECT_TRUE(describe_curve(d.view(), {}).periodic);
  const Data once = curve(140, 0.3, 0.003, 7, [](double t) {
    return 1.0 + 0.05 * std::sin(2 * std::numbers::pi * t / 0.2);
  });
  EXPECT_FALSE(describe_curve(once.view(), {}).periodic);
}

TEST(DescribeCurve, SeesATrend) {
  const Data d = curve(100, 0.3, 0.002, 4, [](double t) { return 1.0 + 0.05 * t; });
  const CurveDescription found = describe_curve(d.view(), {});
  EXPECT_NEAR(found.trend_per_day, 0.05, 0.01);
  EXPECT_GT(found.trend_snr, 5);
  EXPECT_FALSE(found.has_dip);
}

TEST(DescribeCurve, SurvivesWhatHoldsNothing) {
  EXPECT_EQ(describe_curve({}, {}).points, 0U);
  const Data d = curve(20, 0.0, 0.01, 5, [](double) { return 1.0; });
  EXPECT_FALSE(describe_curve(d.view(), {}).has_dip);
}

}  // namespace
}  // namespace polis
