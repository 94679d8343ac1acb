// The executor beside its arithmetic: threads, batches, inputs that are no good.
#include "models/executor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "base/error.h"
#include "kernels/parallel.h"
#include "models/random_network_helpers.h"

namespace polis {
namespace {

using namespace polis::test;

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<float> on_threads(int threads, const Network& network, const ExecutorOptions& options,
                              const std::vector<float>& stamps) {
  const int before = thread_count();
  set_thread_count(threads);
  const std::vector<float> answers = Executor(network, options).run(stamps);
  set_thread_count(before);
  return answers;
}

TEST(Executor, GivesTheSameBytesOnAnyNumberOfThreads) {
  for (std::uint64_t index = 0; index < 3; ++index) {
    const Network network = small_network(index);
    const std::vector<float> stamps = random_stamps(network, 53, index);
    for (const ExecutorOptions& options :
         {ExecutorOptions{}, ExecutorOptions{.precision = Precision::bf16},
          ExecutorOptions{.winograd = true, .stamps_per_item = 4}}) {
      const std::vector<float> one = on_threads(1, network, options, stamps);
      EXPECT_TRUE(same_bytes(one, on_threads(2, network, options, stamps)));
      EXPECT_TRUE(same_bytes(one, on_threads(4, network, options, stamps)));
    }
  }
}

TEST(Executor, GivesTheSameBytesForTheSeriesOfARecurrentLayer) {
  const Network network = one_layer(LayerKind::lstm, 3);
  const std::vector<float> stamps = random_stamps(network, 20, 3);
  const std::vector<float> one = on_threads(1, network, {}, stamps);
  EXPECT_TRUE(same_bytes(one, on_threads(4, network, {}, stamps)));
}

TEST(Executor, AnswersAStampAlikeWhereverItLiesInTheBatch) {
  const Network network = small_network(4);
  const Executor executor(network, {.stamps_per_item = 4});
  const std::vector<float> stamps = random_stamps(network, 11, 4);
  const std::vector<float> all = executor.run(stamps);
  const auto size = static_cast<std::size_t>(executor.input_size());
  const auto outputs = static_cast<std::size_t>(executor.output_size());
  for (std::size_t i = 0; i < 11; ++i) {
    const std::vector<float> alone = executor.run(std::span(stamps).subspan(i * size, size));
    for (std::size_t o = 0; o < outputs; ++o)
      EXPECT_NEAR(alone[o], all[i * outputs + o], 1e-6) << i;
  }
}

TEST(Executor, MayBeUsedByManyThreadsAtOnce) {
  const Network network = small_network(5);
  const Executor executor(network);
  const std::vector<float> stamps = random_stamps(network, 9, 5);
  const std::vector<float> expected = executor.run(stamps);
  std::vector<std::vector<float>> answers(4);
  std::vector<std::thread> threads;
  for (auto& answer : answers)
    threads.emplace_back([&executor, &stamps, &answer] {
      for (int round = 0; round < 5; ++round) answer = executor.run(stamps);
    });
  for (auto& thread : threads) thread.join();
  for (const auto& answer : answers) EXPECT_TRUE(same_bytes(answer, expected));
}

TEST(Executor, TakesEmptyConstantAndUndefinedStamps) {
  Network network = small_network(6);
  for (const Normalisation normalisation : {Normalisation::none, Normalisation::l2_rows,
                                            Normalisation::l2_image, Normalisation::standardise}) {
    network.normalisation = normalisation;
    const Executor executor(network);
    EXPECT_TRUE(executor.run({}).empty());
    for (const float value : {0.0F, 7.0F, std::numeric_limits<float>::quiet_NaN(),
                              std::numeric_limits<float>::infinity()}) {
      const std::vector<float> stamp(static_cast<std::size_t>(executor.input_size()), value);
      for (const float answer : executor.run(stamp)) EXPECT_TRUE(std::isfinite(answer));
    }
  }
}

TEST(Executor, RefusesHalfAStamp) {
  const Network network = small_network(7);
  const Executor executor(network);
  const std::vector<float> some(static_cast<std::size_t>(executor.input_size()) + 1, 0.0F);
  EXPECT_THROW(executor.run(some), Error);
}

TEST(Executor, FusesNormsActivationsAndShortcutsIntoConvolutions) {
  const Network network = small_network(8);
  const std::vector<std::string> steps = Executor(network).steps();
  int convolutions = 0;
  for (const std::string& step : steps) {
    convolutions += step.starts_with("convolution") ? 1 : 0;
    EXPECT_EQ(step.find("batch_norm"), std::string::npos) << step;
    EXPECT_FALSE(step.starts_with("relu")) << step;
    EXPECT_EQ(step.find("ref:"), std::string::npos) << step;
  }
  EXPECT_EQ(convolutions, 3);
}

}  // namespace
}  // namespace polis
