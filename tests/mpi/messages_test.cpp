#include "mpi/messages.h"

#include <gtest/gtest.h>

namespace polis {
namespace {

StepResult done(JobId job) {
  StepResult result;
  result.outcome.job = job;
  result.outcome.ok = true;
  result.outcome.output = digest_of("output");
  result.outcome.output_bytes = 1'000'000'000;
  result.outcome.requests = digest_of("requests");
  result.outcome.request_count = 100'000;
  result.outcome.wall_s = 12.5;
  return result;
}

StepResult failed(JobId job) {
  StepResult result;
  result.outcome = failure(job, ErrorKind::limit, "too long");
  result.chain_ended = true;
  return result;
}

StepResult chain_end() {
  StepResult result;
  result.chain_ended = true;
  return result;
}

TEST(Messages, ResultsArriveAsTheyWereSent) {
  const auto back = unpack_results(pack_results({done(7), failed(8), chain_end()}));
  ASSERT_EQ(back.size(), 3U);
  EXPECT_EQ(back[0].outcome.job, 7U);
  EXPECT_EQ(back[0].outcome.output, digest_of("output"));
  EXPECT_EQ(back[0].outcome.request_count, 100'000U);
  EXPECT_DOUBLE_EQ(back[0].outcome.wall_s, 12.5);
  EXPECT_FALSE(back[0].chain_ended);
  EXPECT_EQ(back[1].outcome.error, ErrorKind::limit);
  EXPECT_EQ(back[1].outcome.reason, "too long");
  EXPECT_EQ(back[2].outcome.job, 0U);
  EXPECT_TRUE(back[2].chain_ended);
}

TEST(Messages, GrantsAndSettingsArriveAsTheyWereSent) {
  const Grant grant = unpack_grant(pack_grant({{digest_of("order"), 255, 1000, 5}}));
  ASSERT_EQ(grant.size(), 1U);
  EXPECT_EQ(grant[0].order, digest_of("order"));
  EXPECT_EQ(grant[0].chain, 255U);
  EXPECT_EQ(grant[0].first_job, 1000U);
  EXPECT_EQ(grant[0].done_steps, 5U);
  const WorkerSettings settings = unpack_settings(pack_settings({"/lake", {100, 2.5}, 4, 64}));
  EXPECT_EQ(settings.lake_root, "/lake");
  EXPECT_EQ(settings.allowance.memory_mb, 100U);
  EXPECT_EQ(settings.threads, 4);
}

TEST(Messages, AJobCostsTheSameWhateverItReadsOrMakes) {
  EXPECT_LT(pack_results({done(4'000'000'000U)}).size(), 100U);
  EXPECT_LT(pack_grant({{digest_of("order"), 255, 4'000'000'000U, ~std::uint64_t{0}}}).size(), 60U);
}

TEST(Messages, ACutMessageIsNoticedWhereverItIsCut) {
  const Bytes whole = pack_results({done(7), failed(8)});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(unpack_results(ByteView(whole).first(size)), Error) << size;
  }
}

}  // namespace
}  // namespace polis
