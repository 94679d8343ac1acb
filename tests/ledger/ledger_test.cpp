#include "ledger/ledger.h"

#include <gmock/gmock.h>

#include <fstream>

#include "ledger/ledger_reader.h"
#include "temporary_folder.h"

namespace polis::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LedgerTest : public testing::Test {
 protected:
  static JobId add(Ledger& ledger, const std::string& name, std::vector<JobId> sources = {}) {
    const Bytes spec = to_bytes("spec of " + name);
    const std::string task = "task " + name.substr(0, 1);
    NewJob job;
    job.key = digest_of(name);
    job.task = task;
    job.group = "group";
    job.label = name;
    job.spec = spec;
    job.sources = sources;
    job.priority = 3;
    job.depth = 1;
    job.deadline_mjd = 60000.5;
    job.keep = false;
    return ledger.add_job(job);
  }
  static Outcome success(JobId job) {
    Outcome outcome;
    outcome.job = job;
    outcome.ok = true;
    outcome.output = digest_of("output " + std::to_string(job));
    outcome.output_bytes = 7;
    return outcome;
  }
  std::unique_ptr<Ledger> open() const { return Ledger::open(path, 0.0); }
  TemporaryFolder folder;
  std::string path = folder.path() + "/ledger";
};

TEST_F(LedgerTest, RemembersWhatWasCommitted) {
  {
    const auto ledger = open();
    const JobId a = add(*ledger, "a");
    add(*ledger, "b", {a});
    ledger->begin_round({1, {digest_of("order")}}, 2);
    Outcome outcome = success(a);
    outcome.requests = digest_of("requests");
    outcome.request_count = 2;
    ledger->record(outcome);
    ledger->commit();
  }
  const auto ledger = open();
  const JobBook& book = ledger->book();
  ASSERT_EQ(book.size(), 2U);
  EXPECT_EQ(book.at(1).state, JobState::done);
  EXPECT_EQ(book.at(1).output, digest_of("output 1"));
  EXPECT_EQ(book.at(1).attempts, 1);
  EXPECT_EQ(book.text(book.at(2).task), "task b");
  EXPECT_EQ(book.text(book.at(2).group), "group");
  EXPECT_EQ(book.at(2).priority, 3);
  EXPECT_EQ(book.at(2).depth, 1);
  EXPECT_DOUBLE_EQ(book.at(2).deadline_mjd, 60000.5);
  EXPECT_FALSE(book.at(2).keep);
  EXPECT_THAT(book.sources(2), ElementsAre(1));
  EXPECT_EQ(book.find(digest_of("b")), 2U);
  EXPECT_EQ(as_text(ledger->spec(2)), "spec of b");
  ASSERT_TRUE(ledger->open_round());
  EXPECT_THAT(ledger->open_round()->orders, ElementsAre(digest_of("order")));
  ASSERT_EQ(ledger->asking().size(), 1U);
  EXPECT_EQ(ledger->asking()[0].requests, digest_of("requests"));
}

TEST_F(LedgerTest, ForgetsWhatWasNotCommitted) {
  {
    const auto ledger = open();
    add(*ledger, "a");
    ledger->commit();
    add(*ledger, "b");
    ledger->record(success(1));
  }
  const auto ledger = open();
  EXPECT_EQ(ledger->book().size(), 1U);
  EXPECT_EQ(ledger->book().at(1).state, JobState::waiting);
}

TEST_F(LedgerTest, HasOneMasterAtATime) {
  const auto first = open();
  try {
    open();
    FAIL() << "two masters on one ledger";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_THAT(error.what(), HasSubstr("process " + std::to_string(getpid())));
  }
}

TEST_F(LedgerTest, RefusesFilesThatAreNoLedger) {
  std::ofstream(path) << "This is not a database, it is a poem, and long enough to be read as one "
                         "by anybody who tries.";
  EXPECT_THROW(open(), Error);
}

TEST_F(LedgerTest, RecordsARequestOnceForEachParent) {
  const auto ledger = open();
  add(*ledger, "a");
  add(*ledger, "b");
  EXPECT_TRUE(ledger->add_request({2, 0, 1, 0.0, "why", "who"}));
  EXPECT_FALSE(ledger->add_request({2, 0, 9, 0.0, "again", "who"}));
  EXPECT_TRUE(ledger->add_request({2, 1, 9, 60001.0, "urgent", "who"}));
  EXPECT_EQ(ledger->book().at(2).priority, 9) << "the most urgent wish counts";
  EXPECT_DOUBLE_EQ(ledger->book().at(2).deadline_mjd, 0.0) << "and the most patient one";
}

TEST_F(LedgerTest, HeldJobsCanBeReleasedByTaskOrKey) {
  const auto ledger = open();
  for (const char* name : {"a", "b", "c"}) add(*ledger, name);
  ledger->record(failure(1, ErrorKind::bad_input, "no stars"));
  ledger->set_state(1, JobState::held, "no stars");
  ledger->set_state(2, JobState::held, "no sky");
  ledger->set_state(3, JobState::upstream, "needs a");
  EXPECT_EQ(ledger->release_held("task a"), 1U);
  EXPECT_EQ(ledger->book().at(1).state, JobState::waiting);
  EXPECT_EQ(ledger->book().at(2).state, JobState::held);
  EXPECT_EQ(ledger->book().at(3).state, JobState::waiting);
  EXPECT_EQ(ledger->release_held(digest_of("b").hex()), 1U);
}

TEST_F(LedgerTest, LostOutputsAreMadeAgain) {
  const auto ledger = open();
  add(*ledger, "a");
  ledger->record(success(1));
  const Digest lost = digest_of("output 1");
  EXPECT_EQ(ledger->forget_outputs(std::span(&lost, 1)), 1U);
  EXPECT_EQ(ledger->book().at(1).state, JobState::waiting);
}

TEST_F(LedgerTest, ReadersSeeWhatIsCommittedWhileTheMasterWrites) {
  const auto ledger = open();
  add(*ledger, "a");
  add(*ledger, "b", {1});
  ledger->add_request({1, 0, 5, 0.0, "why", "a"});
  ledger->count_dropped(1, "depth", 4);
  ledger->add_manifest(0, digest_of("manifest"), 1);
  ledger->begin_round({1, {}}, 2);
  ledger->record(success(1));
  ledger->record(failure(2, ErrorKind::io, "cable"));
  ledger->set_state(2, JobState::held, "cable");
  RoundSummary summary;
  summary.round = 1;
  summary.done = 1;
  ledger->close_round(summary);
  ledger->commit();
  add(*ledger, "c");  // in a transaction that is still open

  const auto reader = LedgerReader::open(path);
  EXPECT_EQ(reader->jobs_by_state().at(JobState::done), 1U);
  EXPECT_EQ(reader->jobs_by_task().at("task b").at(JobState::held), 1U);
  std::vector<std::string> lines;
  reader->each_job("task b", JobState::held, [&](const JobView& job) {
    lines.push_back(job.label + " " + job.error + " " + job.reason);
  });
  EXPECT_THAT(lines, ElementsAre("b io cable"));
  reader->each_request([&](const RequestView& request) { EXPECT_EQ(request.reason, "why"); });
  ASSERT_EQ(reader->rounds().size(), 1U);
  EXPECT_TRUE(reader->rounds()[0].closed);
  EXPECT_EQ(reader->dropped()[0].count, 4U);
  EXPECT_THAT(reader->manifests(0), ElementsAre(digest_of("manifest")));
  EXPECT_EQ(reader->output_of(digest_of("a")), digest_of("output 1"));
}

TEST_F(LedgerTest, ThereIsNothingToReadWhereThereIsNoLedger) {
  EXPECT_THROW(LedgerReader::open(folder.path() + "/nowhere"), Error);
}

TEST(KeyIndex, FindsEveryOfManyKeys) {
  JobBook book;
  for (int i = 0; i < 5000; ++i) {
    Job job;
    job.key = digest_of(std::to_string(i));
    book.add(job, {});
  }
  for (int i = 0; i < 5000; ++i)
    ASSERT_EQ(book.find(digest_of(std::to_string(i))), static_cast<JobId>(i + 1));
  EXPECT_EQ(book.find(digest_of("x")), 0U);
}

}  // namespace
}  // namespace polis::test
