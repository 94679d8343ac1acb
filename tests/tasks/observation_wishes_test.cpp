#include "tasks/observation_wishes.h"

#include <gtest/gtest.h>

namespace polis {
namespace {

StarCurve curve_of(std::int64_t id, const std::string& reason, double flux, int frames) {
  StarCurve curve;
  curve.id = id;
  curve.reason = reason;
  curve.median_flux = flux;
  for (int i = 0; i < frames; ++i) {
    curve.frame.push_back(i);
    curve.time.push_back(0.01 * i);
    curve.flux.push_back(flux + (i % 2 == 0 ? 3.0 : -3.0));
    curve.flux_err.push_back(5.0);
    curve.flags.push_back(0);
  }
  return curve;
}

std::vector<std::string> goals_of(const std::vector<Wish>& wishes) {
  std::vector<std::string> goals;
  for (const Wish& wish : wishes) goals.push_back(wish.parameters.at("goal"));
  return goals;
}

TEST(ObservationWishes, AskForWhatTheReferenceDoesNotExplain) {
  const std::vector<StarCurve> curves{curve_of(1, "star", 500.0, 6), curve_of(2, "missing", 1.0, 6),
                                      curve_of(3, "new", 500.0, 6), curve_of(4, "changed", 500, 6)};
  const std::vector<CurveDescription> descriptions(curves.size());
  EXPECT_EQ(goals_of(observation_wishes(curves, descriptions, {})),
            (std::vector<std::string>{"confirm_missing", "confirm_new", "confirm_changed"}));
}

TEST(ObservationWishes, DoNotMissAStarWhoseLightIsThere) {
  const std::vector<StarCurve> curves{curve_of(1, "missing", 500.0, 6),
                                      curve_of(2, "missing", 1.0, 1), curve_of(3, "new", 1.0, 6)};
  const std::vector<CurveDescription> descriptions(curves.size());
  EXPECT_TRUE(observation_wishes(curves, descriptions, {}).empty());
}

TEST(ObservationWishes, CountTheStarsAmongWhichAPeriodWasFound) {
  std::vector<StarCurve> curves;
  for (std::int64_t id = 1; id <= 1000; ++id) curves.push_back(curve_of(id, "star", 500.0, 6));
  std::vector<CurveDescription> descriptions(curves.size());
  for (const std::size_t i : {10U, 20U}) {
    descriptions[i].periodic = true;
    descriptions[i].period_days = 0.1;
    descriptions[i].false_alarm = i == 10U ? 1e-4 : 1e-9;
  }
  const std::vector<Wish> wishes = observation_wishes(curves, descriptions, {});
  ASSERT_EQ(wishes.size(), 1U);
  EXPECT_EQ(wishes[0].star, 21);
  EXPECT_EQ(wishes[0].parameters.at("goal"), "phase_coverage");
}

}  // namespace
}  // namespace polis
