#include "report/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "temporary_folder.h"

namespace polis {
namespace {

JobId add_job(Ledger& ledger, const std::string& name, const std::string& label) {
  NewJob job;
  job.key = digest_of(name);
  job.task = "measure_frame";
  job.label = label;
  return ledger.add_job(job);
}

void fail(Ledger& ledger, JobId job, const std::string& reason) {
  Outcome outcome;
  outcome.job = job;
  outcome.error = ErrorKind::no_result;
  outcome.reason = reason;
  outcome.wall_s = 0.5;
  ledger.record(outcome);
  ledger.set_state(job, JobState::held, reason);
}

class SummaryOfALedger : public testing::Test {
 protected:
  SummaryOfALedger() {
    const std::unique_ptr<Ledger> ledger = Ledger::open(path_);
    ledger->begin_session("host", "version", 1);
    const JobId good = add_job(*ledger, "good", "sierra n1 r");
    const JobId first = add_job(*ledger, "first", "sierra n2 r");
    const JobId second = add_job(*ledger, "second", "sierra n3 r");
    const JobId other = add_job(*ledger, "other", "karoo n1 r");
    ledger->begin_round({1, {}}, 4);
    Outcome outcome;
    outcome.job = good;
    outcome.ok = true;
    outcome.output = digest_of("output");
    outcome.output_bytes = 1000;
    ledger->record(outcome);
    fail(*ledger, first, "no stars");
    fail(*ledger, second, "no stars");
    fail(*ledger, other, "clouds");
    ledger->count_dropped(good, "depth", 7);
    ledger->commit();
  }
  test::TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/ledger.sqlite";
};

TEST_F(SummaryOfALedger, CountsFailuresBySiteAndReasonMostFrequentFirst) {
  const Summary summary = summarise(*LedgerReader::open(path_));
  EXPECT_EQ(summary.of(JobState::done), 1u);
  EXPECT_EQ(summary.of(JobState::held), 3u);
  EXPECT_EQ(summary.output_bytes, 1000u);
  ASSERT_EQ(summary.failures.size(), 2u);
  EXPECT_EQ(summary.failures[0].site, "sierra");
  EXPECT_EQ(summary.failures[0].count, 2u);
  EXPECT_EQ(summary.failures[0].example, "sierra n2 r");
  EXPECT_EQ(summary.failures[1].reason, "clouds");
}

TEST_F(SummaryOfALedger, SaysTheSameInTextAndJson) {
  const Summary summary = summarise(*LedgerReader::open(path_));
  EXPECT_THAT(summary_text(summary),
              testing::HasSubstr("2 x sierra measure_frame: no stars [first: sierra n2 r]"));
  EXPECT_THAT(summary_text(summary), testing::HasSubstr("dropped: 7 requests (depth)"));
  EXPECT_THAT(summary_json(summary),
              testing::HasSubstr(
                  R"("site": "karoo", "task": "measure_frame", "reason": "clouds", "count": 1)"));
}

TEST_F(SummaryOfALedger, ShowsAtMostSoManyFailures) {
  const std::string text = summary_text(summarise(*LedgerReader::open(path_)), 1);
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("clouds")));
  EXPECT_THAT(text, testing::HasSubstr("1 more kinds"));
}

}  // namespace
}  // namespace polis
