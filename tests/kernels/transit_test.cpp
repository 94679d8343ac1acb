#include "kernels/transit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/random.h"

namespace polis {
namespace {

/// Naive: the stellar disc as a grid of points.
double transit_reference(double z, double k, const LimbDarkening& limb) {
  constexpr int n = 1200;
  double all = 0, seen = 0;
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      const double x = -1 + 2 * (i + 0.5) / n, y = -1 + 2 * (j + 0.5) / n, r2 = x * x + y * y;
      if (r2 >= 1) continue;
      const double dark = 1 - std::sqrt(1 - r2);
      const double light = 1 - limb.u1 * dark - limb.u2 * dark * dark;
      all += light;
      if (std::hypot(x - z, y) >= k) seen += light;
    }
  }
  return seen / all;
}

TEST(TransitFlux, EqualsAnIntegralOverTheDisc) {
  const LimbDarkening limb{0.4, 0.25};
  for (double k : {0.05, 0.15, 0.4}) {
    for (double z : {0.0, 0.1, 0.3, 0.7, 0.86, 0.95, 1.02, 1.1}) {
      EXPECT_NEAR(transit_flux(z, k, limb), transit_reference(z, k, limb), 3e-5) << k << " " << z;
    }
  }
}

TEST(TransitFlux, OfAUniformStarIsTheAreaRatio) {
  EXPECT_NEAR(transit_flux(0.3, 0.15, {0, 0}), 1 - 0.15 * 0.15, 1e-6);
  EXPECT_NEAR(transit_flux(0.0, 0.15, {0, 0}), 1 - 0.15 * 0.15, 1e-6);
  EXPECT_EQ(transit_flux(1.2, 0.15, {0.4, 0.2}), 1.0);
  EXPECT_EQ(transit_flux(std::nan(""), 0.15, {0.4, 0.2}), 1.0);
}

TEST(FitTransit, RecoversRadiusAndMidTime) {
  const Transit truth{0.012, 0.15, 17.0, 0.1, 1.0, 0.02};
  const LimbDarkening limb;
  double k_pull = 0, t_pull = 0;
  constexpr int kTrials = 12;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> t, y, e;
    RandomStream random(static_cast<std::uint64_t>(trial), "transit");
    for (int i = 0; i < 140; ++i) {
      t.push_back(-0.145 + 0.29 * i / 140);
      e.push_back(0.005);
      y.push_back(truth.flux(t.back(), limb) + 0.005 * random.normal());
    }
    const TransitFit fit = fit_transit(t, y, e, 0.0, 0.12, 0.02, limb);
    ASSERT_TRUE(fit.converged);
    EXPECT_NEAR(fit.transit.radius_ratio, 0.15, 0.02);
    EXPECT_NEAR(fit.transit.mid_time, 0.012, 0.004);
    EXPECT_NEAR(fit.residual_rms, 0.005, 0.001);
    EXPECT_NEAR(fit.transit.duration(), truth.duration(), 0.02);
    k_pull += std::pow((fit.transit.radius_ratio - 0.15) / fit.radius_ratio_err, 2);
    t_pull += std::pow((fit.transit.mid_time - 0.012) / fit.mid_time_err, 2);
  }
  EXPECT_LT(std::sqrt(k_pull / kTrials), 2.0);
  EXPECT_LT(std::sqrt(t_pull / kTrials), 1.7);
}

TEST(FitTransit, SurvivesWhatHoldsNothing) {
  EXPECT_FALSE(fit_transit({}, {}, {}, 0, 1, 0.1, {}).converged);
  const std::vector<double> t{1, 2, 3, 4, 5, 6, 7, 8, 9}, y(9, 1.0), e(9, 0.1);
  const TransitFit flat = fit_transit(t, y, e, 5, 3, 0.1, {});
  EXPECT_TRUE(!flat.converged || flat.transit.radius_ratio < 0.1);
  EXPECT_EQ(Transit{}.duration(), 0.0);
}

}  // namespace
}  // namespace polis
