// The real/bogus network of ZTF, braai d6_m7 (Duev et al. 2019, MNRAS 489, 3582), on real alerts
// with the scores that ZTF published.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "formats/keras.h"
#include "models/executor.h"
#include "models/import.h"
#include "models/network_reference.h"
#include "models/normalise.h"
#include "models/random_network_helpers.h"
#include "models/ztf_triplets_helpers.h"

namespace polis {
namespace {

using namespace polis::test;

const std::string kData = POLIS_REAL_DATA_DIR;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Braai : public testing::Test {
 protected:
  void SetUp() override {
    alerts = read_ztf_alerts(kData + "/ztf-triplets/ztf_triplets.h5");
    if (alerts.empty() || !std::filesystem::exists(kData + "/braai/d6_m7.weights.h5"))
      GTEST_SKIP() << "skipped: no real data";
    ImportOptions options;
    options.name = "braai d6_m7";
    options.normalisation = Normalisation::l2_rows;
    options.classes = {"real"};
    const std::string weights = read_file(kData + "/braai/d6_m7.weights.h5");
    network = network_from_keras(
        read_keras(read_file(kData + "/braai/d6_m7.architecture.json"), as_bytes(weights)),
        options);
    for (const ZtfAlert& alert : alerts)
      stamps.insert(stamps.end(), alert.stamp.begin(), alert.stamp.end());
  }

  std::vector<ZtfAlert> alerts;
  Network network;
  std::vector<float> stamps;
};

/// Whether the cut-out reaches beyond the edge of the chip: whole rows or columns without pixels.
bool beyond_the_chip(const ZtfAlert& alert) {
  constexpr std::size_t edge = 63;
  for (std::size_t line = 0; line < edge; ++line) {
    bool row = false, column = false;
    for (std::size_t i = 0; i < edge; ++i) {
      row = row || std::isfinite(alert.stamp[line * edge + i]);
      column = column || std::isfinite(alert.stamp[i * edge + line]);
    }
    if (!row || !column) return true;
  }
  return false;
}

TEST_F(Braai, GivesThePublishedScoreOfEveryCompleteStampOfItsVersion) {
  const std::vector<float> scores = Executor(network).run(stamps);
  ASSERT_EQ(scores.size(), alerts.size());
  int complete = 0;
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    if (alerts[i].version != "d6_m7" || !alerts[i].complete()) continue;
    ++complete;
    EXPECT_NEAR(scores[i], alerts[i].published_score, 1e-5) << alerts[i].candid;
  }
  EXPECT_EQ(complete, 158);
}

// Pixels that are missing inside the chip count as zeros, as in ZTF's own preparation. Of the two
// stamps that reach beyond the chip ZTF's score was not had from the alert: perhaps its pipeline
// filled the missing strip of science and difference with values that the alert no longer holds.
TEST_F(Braai, GivesThePublishedScoreOfStampsWithMissingPixelsToo) {
  const std::vector<float> scores = Executor(network).run(stamps);
  int incomplete = 0, beyond = 0;
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    if (alerts[i].complete()) continue;
    ++incomplete;
    if (beyond_the_chip(alerts[i])) {
      ++beyond;
      std::cout << alerts[i].candid << " beyond the chip: ours " << scores[i] << ", ZTF's "
                << alerts[i].published_score << '\n';
    } else {
      EXPECT_NEAR(scores[i], alerts[i].published_score, 1e-5) << alerts[i].candid;
    }
  }
  EXPECT_EQ(incomplete, 21);
  EXPECT_EQ(beyond, 2);
}

TEST_F(Braai, EqualsThePlainReference) {
  std::vector<float> two(stamps.begin(), stamps.begin() + 2 * 3 * 63 * 63);
  const std::vector<float> scores = Executor(network).run(two);
  std::vector<float> normalised(two.size());
  for (std::size_t first = 0; first < two.size(); first += two.size() / 2) {
    normalise(Normalisation::l2_rows, network.input_shape,
              std::span(two).subspan(first, two.size() / 2),
              std::span(normalised).subspan(first, two.size() / 2));
  }
  EXPECT_LT(largest_difference(scores, reference_run(network, normalised)), 1e-6);
}

TEST_F(Braai, IsNearTheScoresInOtherArithmetic) {
  const std::vector<float> scores = Executor(network).run(stamps);
  const std::vector<float> winograd = Executor(network, {.winograd = true}).run(stamps);
  const std::vector<float> bf16 = Executor(network, {.precision = Precision::bf16}).run(stamps);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    EXPECT_NEAR(winograd[i], scores[i], 1e-5) << alerts[i].candid;
    EXPECT_NEAR(bf16[i], scores[i], 1e-2) << alerts[i].candid;
  }
}

}  // namespace
}  // namespace polis
