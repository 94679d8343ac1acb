#include <gtest/gtest.h>

#include <cmath>

#include "simulate/night.h"
#include "simulate/observation.h"
#include "sky/catalog_stars.h"
#include "tasks/whole_night_helpers.h"

namespace polis {
namespace {

/// One site looks at a field, and a month later again.
class TwoNights : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    truth = new Night(make_night("transients", 5,
                                 {{"sites", "karoo"},
                                  {"filters", "r"},
                                  {"science_frames", "4"},
                                  {"karoo.width", "512"},
                                  {"karoo.height", "512"},
                                  {"star_density", "3"}}));
    night = new WholeNight;
    for (const PlannedExposure& exposure : truth->exposures) {
      const RawExposure raw = render(*truth, exposure.index);
      night->ingest(fits_of(raw), raw.file_name);
    }
    night->set_reference(reference_catalog(*truth));
    night->run(R"({"open_night": {"keep_differences": "true"}})");
  }
  static void TearDownTestSuite() {
    delete night;
    delete truth;
  }
  /// Candidates of a frame, and what the simulator knows of it.
  struct Seen {
    TableSet candidates, truth;
  };
  static std::vector<Seen> seen() {
    std::vector<Seen> all;
    for (const Artifact& artifact : night->of_kind("candidates")) {
      const auto& candidates = artifact.as<TableSet>();
      for (const PlannedExposure& exposure : truth->exposures) {
        if (exposure.name == candidates.facts.at("exposure_id"))
          all.push_back({candidates, truth_of(*truth, exposure.index)});
      }
    }
    return all;
  }
  static WholeNight* night;
  static Night* truth;
};
WholeNight* TwoNights::night = nullptr;
Night* TwoNights::truth = nullptr;

double nearest(const Table& table, double x, double y) {
  const auto& xs = table.get<double>("x");
  const auto& ys = table.get<double>("y");
  double best = INFINITY;
  for (std::size_t i = 0; i < table.rows(); ++i)
    best = std::min(best, std::hypot(xs[i] - x, ys[i] - y));
  return best;
}

TEST_F(TwoNights, NothingFails) {
  for (const std::string& failure : night->failures()) ADD_FAILURE() << failure;
  EXPECT_EQ(night->of_kind("coadd").size(), 1U);
  EXPECT_EQ(night->of_kind("difference").size(), 4U);
  EXPECT_EQ(night->of_kind("candidates").size(), 4U);
}

TEST_F(TwoNights, TheScoreOfTheSkyIsUnitNoise) {
  for (const Artifact& artifact : night->of_kind("difference")) {
    const auto& frame = artifact.as<Frame>();
    std::vector<float> scores;
    const Plane<float>& score = frame.layers.at("SCORE");
    for (std::ptrdiff_t i = 0; i < score.size(); ++i)
      if (frame.mask.data()[i] == 0) scores.push_back(std::abs(score.data()[i]));
    std::nth_element(scores.begin(),
                     scores.begin() + static_cast<std::ptrdiff_t>(scores.size() / 2), scores.end());
    EXPECT_NEAR(1.4826 * static_cast<double>(scores[scores.size() / 2]), 1.0, 0.05)
        << frame.exposure.exposure_id;
  }
}

TEST_F(TwoNights, SupernovaeAreFoundWhereTheyWentOff) {
  int bright = 0, found = 0;
  for (const Seen& frame : seen()) {
    const Table& sources = frame.truth.at("stars");
    const auto& kind = sources.get<std::int32_t>("kind");
    const auto& x = sources.get<double>("x");
    const auto& y = sources.get<double>("y");
    const auto& mag = sources.get<double>("mag");
    const double limit = number_of(frame.candidates.facts, "limiting_mag");
    for (std::size_t i = 0; i < sources.rows(); ++i) {
      // Twice as bright as the limit, well inside.
      const bool inside = x[i] > 40 && y[i] > 40 && x[i] < 470 && y[i] < 470;
      if (kind[i] != static_cast<int>(SourceKind::supernova) || mag[i] > limit - 0.75 || !inside)
        continue;
      ++bright;
      found += nearest(frame.candidates.at("candidates"), x[i], y[i]) < 1.5 ? 1 : 0;
    }
  }
  EXPECT_GE(bright, 4);
  EXPECT_EQ(found, bright);
}

TEST_F(TwoNights, SupernovaeRaiseAlertsOnce) {
  const auto products = night->of_kind("alerts");
  ASSERT_EQ(products.size(), 1U);
  const Table& objects = products.front().as<TableSet>().at("objects");
  const auto& ra = objects.get<double>("ra");
  const auto& dec = objects.get<double>("dec");
  const auto& alerts = objects.get<std::int32_t>("alerts");
  int tried = 0;
  for (const Variable& v : truth->variables) {
    const double mag = v.star.mag[1] + brightening(v, Band::r, truth->scene.noon_mjd(1) + 0.8);
    if (v.kind != VariableKind::supernova || mag > 19.5) continue;
    // Of those that the frames cover: all have four alerts, one for each frame, of one object.
    if (separation_arcsec(v.star.position, truth->scene.fields.front()) > 130.0) continue;
    ++tried;
    int near = 0, raised = 0;
    for (std::size_t i = 0; i < objects.rows(); ++i) {
      if (separation_arcsec({ra[i], dec[i]}, v.star.position) > 1.0) continue;
      ++near;
      raised += alerts[i];
    }
    EXPECT_EQ(near, 1) << v.star.id;
    EXPECT_GE(raised, 3) << v.star.id << " mag " << mag;
    EXPECT_LE(raised, 4) << v.star.id;
  }
  EXPECT_GE(tried, 2);
}

TEST_F(TwoNights, FewCandidatesAreNothing) {
  int spurious = 0, frames = 0;
  for (const Seen& frame : seen()) {
    ++frames;
    const Table& table = frame.candidates.at("candidates");
    const auto& x = table.get<double>("x");
    const auto& y = table.get<double>("y");
    const Table& sources = frame.truth.at("stars");
    const Table& galaxies = frame.truth.at("galaxies");
    for (std::size_t i = 0; i < table.rows(); ++i) {
      // Away from the edges, where there are stars to fit the kernel on.
      if (x[i] < 60 || y[i] < 60 || x[i] > 450 || y[i] > 450) continue;
      spurious += nearest(sources, x[i], y[i]) > 3.0 && nearest(galaxies, x[i], y[i]) > 3.0 ? 1 : 0;
    }
  }
  EXPECT_LE(spurious, 2 * frames);
}

TEST_F(TwoNights, CutOutsAndHostsGoAlong) {
  for (const Seen& frame : seen()) {
    const auto rows = static_cast<std::int64_t>(frame.candidates.at("candidates").rows());
    for (const char* name : {"science", "template", "difference"}) {
      EXPECT_EQ(frame.candidates.array(name).shape, (std::vector<std::int64_t>{rows, 63, 63}));
    }
    const auto& ra = frame.candidates.at("candidates").get<double>("ra");
    for (const double value : ra) EXPECT_NEAR(value, 133.4, 0.2);
    EXPECT_EQ(frame.candidates.facts.at("reference_exposures"), "4");
    EXPECT_GT(number_of(frame.candidates.facts, "zero_point_error_mag"), 0.0);
  }
}

}  // namespace
}  // namespace polis
