#include <gtest/gtest.h>

#include "simulate/night.h"
#include "tasks/light_curve_tables.h"
#include "tasks/whole_night_helpers.h"

namespace polis {
namespace {

/// The tiny night of the simulator: three sites, their own header dialects, calibrations and a
/// reference catalogue.
class TinyNight : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const Night truth = make_night("tiny", 1);
    night = new WholeNight;
    for (const PlannedExposure& exposure : truth.exposures) {
      const RawExposure raw = render(truth, exposure.index);
      night->ingest(fits_of(raw), raw.file_name);
    }
    night->set_reference(reference_catalog(truth));
    report = new RunReport(night->run());
  }
  static void TearDownTestSuite() {
    delete night;
    delete report;
  }
  static WholeNight* night;
  static RunReport* report;
};
WholeNight* TinyNight::night = nullptr;
RunReport* TinyNight::report = nullptr;

TEST_F(TinyNight, RunsAtLeastFourRoundsWithoutAFailure) {
  EXPECT_GE(report->rounds, 4);
  EXPECT_EQ(report->waiting, 0U);
  for (const std::string& failure : night->failures()) ADD_FAILURE() << failure;
}

TEST_F(TinyNight, GivesLightCurvesOfEverySiteAndFilter) {
  const auto curves = night->of_kind("light_curves");
  EXPECT_GE(curves.size(), 3U);
  EXPECT_EQ(night->of_kind("descriptions").size(), curves.size());
}

TEST_F(TinyNight, FollowsEveryTargetThatItsFramesCover) {
  for (const Artifact& artifact : night->of_kind("light_curves")) {
    const auto curves = read_curves(artifact.as<TableSet>());
    EXPECT_FALSE(curves.empty());
    for (const StarCurve& curve : curves) EXPECT_FALSE(curve.time.empty());
  }
}

}  // namespace
}  // namespace polis
