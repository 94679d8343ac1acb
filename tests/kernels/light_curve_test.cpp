#include "kernels/light_curve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "kernels/error_model.h"

namespace polis {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Night {
  MagnitudeSeries series;
  std::vector<double> transparency;
  std::vector<double> noise;
};

/// Stars of growing noise under clouds of up to 0.5 mag; star `variable` is a sine of 0.2 mag.
Night simulate(std::size_t stars, std::size_t frames, std::uint64_t seed, int variable = -1) {
  Night night;
  night.series.stars = stars;
  night.series.frames = frames;
  RandomStream random(seed, "night");
  for (std::size_t j = 0; j < frames; ++j) night.transparency.push_back(random.uniform(0.0, 0.5));
  for (std::size_t i = 0; i < stars; ++i) {
    const double noise = 0.002 * (1.0 + static_cast<double>(i) / 3.0);
    night.noise.push_back(noise);
    for (std::size_t j = 0; j < frames; ++j) {
      double m =
          10.0 + 0.1 * static_cast<double>(i) + night.transparency[j] + noise * random.normal();
      if (static_cast<int>(i) == variable) m += 0.2 * std::sin(0.3 * static_cast<double>(j));
      night.series.mag.push_back(m);
      night.series.mag_err.push_back(noise);
    }
  }
  return night;
}

double rms(const std::vector<double>& values) {
  double squares = 0.0, count = 0.0;
  for (double v : values) {
    if (!std::isfinite(v)) continue;
    squares += v * v;
    count += 1.0;
  }
  return std::sqrt(squares / count);
}

TEST(Ensemble, RecoversTheTransparencyOfEachFrame) {
  const Night night = simulate(20, 100, 1);
  const Ensemble e = solve_ensemble(night.series, std::vector<bool>(20, true));
  std::vector<double> difference, pull;
  double offset = 0.0;
  for (std::size_t j = 0; j < 100; ++j) offset += (e.zero_point[j] - night.transparency[j]) / 100.0;
  for (std::size_t j = 0; j < 100; ++j) {
    difference.push_back(e.zero_point[j] - night.transparency[j] - offset);
    pull.push_back(difference.back() / e.zero_point_err[j]);
  }
  EXPECT_LT(rms(difference), 0.0015);
  EXPECT_NEAR(rms(pull), 1.0, 0.25);
}

TEST(Ensemble, MeasuresEachStarsScatterWithoutItself) {
  const Night night = simulate(20, 400, 2);
  const Ensemble e = solve_ensemble(night.series, std::vector<bool>(20, true));
  for (std::size_t i = 0; i < 20; ++i) EXPECT_NEAR(e.scatter[i] / night.noise[i], 1.05, 0.2) << i;
}

TEST(Ensemble, GivesVariableStarsNoWeight) {
  const Night night = simulate(12, 100, 3, 2);
  const Ensemble e = solve_ensemble(night.series, std::vector<bool>(12, true));
  EXPECT_EQ(e.weight[2], 0.0);
  EXPECT_EQ(e.comparisons(), 11U);
  const LightCurve curve = differential_curve(night.series, e, 2);
  EXPECT_NEAR(rms(curve.mag), 0.2 / std::sqrt(2.0), 0.01);
}

TEST(Ensemble, LeavesOutSingleWildMeasurements) {
  Night night = simulate(12, 60, 4);
  night.series.mag[1 * 60 + 30] -= 1.0;
  const Ensemble e = solve_ensemble(night.series, std::vector<bool>(12, true));
  const LightCurve curve = differential_curve(night.series, e, 0);
  EXPECT_LT(std::abs(curve.mag[30]), 5 * curve.mag_err[30]);
}

TEST(Ensemble, HasHonestErrorsEvenWithAWrongGainAndAFloor) {
  Night night = simulate(30, 300, 5);
  RandomStream random(5, "floor");
  for (double& e : night.series.mag_err) e *= 2.0;
  for (double& m : night.series.mag) m += 0.004 * random.normal();
  const Ensemble e = solve_ensemble(night.series, std::vector<bool>(30, true));
  EXPECT_NEAR(e.error_scale, 0.5, 0.1);
  EXPECT_NEAR(e.noise_floor, 0.004, 0.001);
  for (std::size_t star : {0U, 10U, 29U}) {
    const LightCurve curve = differential_curve(night.series, e, star);
    std::vector<double> pulls;
    for (std::size_t j = 0; j < 300; ++j) pulls.push_back(curve.mag[j] / curve.mag_err[j]);
    EXPECT_NEAR(rms(pulls), 1.0, 0.15) << star;
  }
}

TEST(Ensemble, AStarNeverCalibratesItself) {
  Night night = simulate(4, 80, 6);
  for (std::size_t j = 40; j < 80; ++j)
    night.series.mag[j] += 0.003;  // the best star fades a little
  const Ensemble e = solve_ensemble(night.series, std::vector<bool>(4, true));
  const LightCurve curve = differential_curve(night.series, e, 0);
  double before = 0.0, after = 0.0;
  for (std::size_t j = 0; j < 40; ++j) {
    before += curve.mag[j] / 40.0;
    after += curve.mag[j + 40] / 40.0;
  }
  EXPECT_NEAR(after - before, 0.003, 0.001);
}

TEST(Ensemble, SurvivesWhatHoldsNothing) {
  EXPECT_EQ(solve_ensemble({}, {}).comparisons(), 0U);
  MagnitudeSeries dark{2, 3, std::vector<double>(6, kNaN), std::vector<double>(6, kNaN)};
  const Ensemble e = solve_ensemble(dark, {true, true});
  EXPECT_EQ(e.comparisons(), 0U);
  EXPECT_TRUE(std::isnan(e.zero_point[0]));
  EXPECT_TRUE(std::isnan(differential_curve(dark, e, 0).mag[1]));
  MagnitudeSeries one{1, 3, {10, 10.1, 10.2}, {0.01, 0.01, 0.01}};
  const Ensemble alone = solve_ensemble(one, {true});
  EXPECT_TRUE(std::isnan(differential_curve(one, alone, 0).mag[1]));
  MagnitudeSeries constant{3, 4, std::vector<double>(12, 5.0), std::vector<double>(12, 0.0)};
  EXPECT_EQ(differential_curve(constant, solve_ensemble(constant, {true, true, true}), 1).mag[2],
            0.0);
}

TEST(ChooseSeries, TakesTheOneInWhichLikeStarsScatterLeast) {
  std::vector<Ensemble> ensembles;
  std::vector<Night> nights;
  for (double extra : {0.02, 0.0, 0.01}) {
    Night night = simulate(10, 100, 7);
    RandomStream random(8, "extra");
    for (double& m : night.series.mag) m += extra * random.normal();
    ensembles.push_back(solve_ensemble(night.series, std::vector<bool>(10, true)));
  }
  for (std::size_t choice : choose_series(ensembles, 5)) EXPECT_EQ(choice, 1U);
  EXPECT_TRUE(choose_series({}).empty());
}

TEST(ChooseSeries, DoesNotTakeANeighboursSteadyLightForQuiet) {
  std::vector<Ensemble> ensembles;
  for (const bool second : {false, true}) {
    Night night = simulate(10, 200, 7);
    // In the second series star 4 holds three times its own light from a neighbour; for all others
    // that series is the worse one.
    RandomStream random(8, "extra");
    for (std::size_t i = 0; second && i < 10; ++i) {
      const double level = night.series.mag[i * 200] - night.transparency[0];
      for (std::size_t j = 0; j < 200; ++j) {
        double& m = night.series.mag[i * 200 + j];
        const double own = m - night.transparency[j] - level;
        m += i == 4 ? -2.5 * std::log10(4.0) - 0.75 * own : 0.01 * random.normal();
      }
    }
    ensembles.push_back(solve_ensemble(night.series, std::vector<bool>(10, true)));
  }
  EXPECT_LT(ensembles[1].quick_scatter[4], ensembles[0].quick_scatter[4]);
  for (std::size_t choice : choose_series(ensembles, 5)) EXPECT_EQ(choice, 0U);
}

TEST(ErrorModel, FindsScaleAndFloor) {
  std::vector<double> formal, seen;
  for (int i = 1; i <= 40; ++i) {
    formal.push_back(0.001 * i);
    seen.push_back(std::hypot(1.5 * formal.back(), 0.004));
  }
  seen[5] *= 30.0;  // a variable star
  const std::vector<double> freedom(40, 100.0);
  const ErrorModel model = fit_error_model(formal, seen, freedom);
  EXPECT_NEAR(model.scale, 1.5, 0.05);
  EXPECT_NEAR(model.floor, 0.004, 0.0005);
}

TEST(ErrorModel, BelievesTheErrorsWhileFewFramesSayOtherwise) {
  std::vector<double> formal, seen;
  for (int i = 1; i <= 6; ++i) {
    formal.push_back(0.002 * i);
    seen.push_back(0.5 * formal.back());
  }
  const std::vector<double> few(6, 1.0), many(6, 300.0);
  EXPECT_GT(fit_error_model(formal, seen, few).scale, 0.55);
  EXPECT_NEAR(fit_error_model(formal, seen, many).scale, 0.5, 0.03);
}

TEST(ErrorModel, HoldsTheScaleWhenItCannotBeKnown) {
  const std::vector<double> formal{0.01, 0.01}, seen{0.02, 0.02}, freedom{1e9, 1e9};
  EXPECT_DOUBLE_EQ(fit_error_model(formal, seen, freedom).scale, 1.0);
  EXPECT_NEAR(fit_error_model(formal, seen, freedom).floor, std::sqrt(0.0003), 1e-9);
  EXPECT_DOUBLE_EQ(fit_error_model({}, {}, {}).scale, 1.0);
}

}  // namespace
}  // namespace polis
