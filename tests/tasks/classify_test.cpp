#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "models/network.h"
#include "sky/candidate_tables.h"
#include "tasks/detector_helpers.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

/// Looks only at the mean of the difference: bright ones are real.
Network simple_network() {
  Network network;
  network.name = "mean of the difference";
  network.input_shape = {3, kCutOutSide, kCutOutSide};
  network.classes = {"real_transient", "noise"};
  network.layers.resize(4);
  network.layers[0].name = "input";
  const auto set = [&](std::size_t i, LayerKind kind, const char* name) {
    network.layers[i].kind = kind;
    network.layers[i].name = name;
    network.layers[i].inputs = {i - 1};
  };
  set(1, LayerKind::global_average_pool, "mean");
  set(2, LayerKind::linear, "weigh");
  set(3, LayerKind::softmax, "share");
  network.layers[2].weights = {{"weight", {{2, 3}, {0, 0, 1, 0, 0, -1}}}, {"bias", {{2}, {0, 0}}}};
  const std::size_t pixels = 3 * kCutOutSide * kCutOutSide;
  network.golden_input = {{1, 3, kCutOutSide, kCutOutSide}, std::vector<float>(pixels, 1.0F)};
  const auto p = static_cast<float>(1.0 / (1.0 + std::exp(-2.0)));
  network.golden_output = {{1, 2}, {p, 1.0F - p}};
  return network;
}

TableSet some_candidates(int count) {
  std::vector<Candidate> rows(static_cast<std::size_t>(count));
  TableSet set;
  for (int i = 0; i < count; ++i) rows[static_cast<std::size_t>(i)].id = i + 1;
  set.tables.push_back(candidates_table(rows, false));
  for (const char* name : {"science", "template", "difference"}) {
    NumberArray array{name, "electron", "", {count, kCutOutSide, kCutOutSide}, {}};
    for (int i = 0; i < count; ++i) {
      const float value = i % 2 == 0 ? 2.0F : -1.0F;
      array.values.insert(array.values.end(), kCutOutSide * kCutOutSide, value);
    }
    set.arrays.push_back(std::move(array));
  }
  return set;
}

Artifact classify(const Network& network, TableSet set) {
  test::MemoryReader reader;
  reader.add("candidates", Artifact::of("candidates", std::move(set)));
  reader.add("model", model_artifact(network));
  return test::run_task(classify_candidates_task(), reader);
}

TEST(ClassifyCandidates, AddsAProbabilityForEachClass) {
  const Artifact artifact = classify(simple_network(), some_candidates(3));
  const auto& set = artifact.as<TableSet>();
  EXPECT_EQ(set.facts.at("network"), "mean of the difference");
  const auto rows = records_of(candidate_fields(), set.at("candidates"));
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_NEAR(rows[0].p_real_transient, 1.0 / (1.0 + std::exp(-4.0)), 1e-5);
  EXPECT_NEAR(rows[1].p_noise, 1.0 / (1.0 + std::exp(-2.0)), 1e-5);
  EXPECT_EQ(rows[0].label, "real_transient");
  EXPECT_EQ(rows[1].label, "noise");
  EXPECT_EQ(set.arrays.size(), 3U);
}

TEST(ClassifyCandidates, NoCandidatesAreNoProblem) {
  const Artifact artifact = classify(simple_network(), some_candidates(0));
  const auto& set = artifact.as<TableSet>();
  EXPECT_EQ(set.at("candidates").rows(), 0U);
  EXPECT_TRUE(set.at("candidates").has("p_real_transient"));
}

TEST(ClassifyCandidates, RefusesNetworksThatDoNotFit) {
  Network wrong = simple_network();
  wrong.classes = {"cat", "dog"};
  EXPECT_THROW(classify(wrong, some_candidates(1)), Error);
  Network lies = simple_network();
  lies.golden_output.values = {0.5F, 0.5F};
  EXPECT_THROW(classify(lies, some_candidates(1)), Error);
  Network small = simple_network();
  small.input_shape = {3, 5, 5};
  small.golden_input = {{1, 3, 5, 5}, std::vector<float>(75, 1.0F)};
  EXPECT_THROW(classify(small, some_candidates(1)), Error);
}

TEST(ClassifyCandidates, RefusesCutOutsOfAnotherSize) {
  TableSet set = some_candidates(2);
  set.arrays[1].values.pop_back();
  EXPECT_THROW(classify(simple_network(), std::move(set)), Error);
}

}  // namespace
}  // namespace polis
