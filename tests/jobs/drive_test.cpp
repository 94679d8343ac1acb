#include "jobs/drive.h"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "jobs/fake_tasks.h"

namespace polis::test {
namespace {

using testing::HasSubstr;

TEST(Drive, RunsAChainOfJobsInOneRound) {
  FakeCity city;
  const Request first = request("echo", {{"text", "a"}});
  const Request second = request("echo", {{"text", "b"}}, {from_job(first)});
  const Request third =
      request("echo", {{"text", "c"}}, {from_job(second), from_job(first, "also")});
  city.submit({third, second, first});  // in any order
  const RunReport report = city.run();
  EXPECT_EQ(report.done, 3U);
  EXPECT_EQ(report.rounds, 1);
  EXPECT_EQ(report.waiting, 0U);
  EXPECT_TRUE(city.lake->has(city.job(third).output));
}

TEST(Drive, TurnsRequestsIntoTheNextRound) {
  FakeCity city;
  city.submit({request("ask", {{"count", "5"}})});
  const RunReport report = city.run();
  EXPECT_EQ(report.rounds, 2);
  EXPECT_EQ(report.done, 6U);
  EXPECT_EQ(report.requests.admitted, 5U);
}

TEST(Drive, NeverDoesTheSameWorkTwice) {
  FakeCity city;
  city.submit({request("ask", {{"count", "5"}})});
  city.run();
  const AdmitReport again =
      city.submit({request("ask", {{"count", "5"}}), request("echo", {{"text", "c3"}})});
  EXPECT_EQ(again.admitted, 0U);
  EXPECT_EQ(again.known, 2U);
  EXPECT_EQ(city.run().rounds, 0);
}

TEST(Drive, ARequestThatRequestsItselfEnds) {
  FakeCity city;
  city.submit({request("self")});
  const RunReport report = city.run();
  EXPECT_EQ(report.done, 1U);
  EXPECT_EQ(report.requests.known, 1U);
}

TEST(Drive, EndlessRequestsEndAtTheDepthCap) {
  FakeCity city;
  city.settings.caps.depth = 4;
  city.submit({request("endless")});
  const RunReport report = city.run();
  EXPECT_EQ(report.done, 5U);
  EXPECT_EQ(report.requests.dropped.at("depth"), 1U);
}

TEST(Drive, AStormIsCutAndCounted) {
  FakeCity city;
  city.settings.caps.per_output = 10;
  city.settings.caps.total = 15;
  city.submit(
      {request("ask", {{"count", "30"}}), request("ask", {{"count", "30"}, {"text", "other"}})});
  const RunReport report = city.run();
  EXPECT_EQ(report.requests.dropped.at("per_output"), 40U);
  EXPECT_EQ(report.requests.dropped.at("total"), 7U);
  EXPECT_EQ(city.ledger->book().size(), 15U);
}

TEST(Drive, WhateverAJobDoesIsAFailedJobNotAFailedRun) {
  FakeCity city;
  city.submit({request("fail"), request("fail", {{"kind", "std"}}),
               request("fail", {{"kind", "int"}}), request("wrong"),
               request("wrong", {{"how", "empty"}}), request("wrong", {{"how", "request"}}),
               request("echo", {{"text", "fine"}})});
  const RunReport report = city.run();
  EXPECT_EQ(report.failed, 6U);
  EXPECT_EQ(report.done, 1U);
  EXPECT_EQ(city.run().rounds, 0) << "what failed for good is held";
}

TEST(Drive, TooMuchMemoryIsAFailedJob) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "skipped: the sanitizer's allocator ends the process instead of throwing";
#endif
  FakeCity city;
  city.workers.allowance.memory_mb = 64;
  const Request large = request("huge", {{"mb", "2000"}});
  city.submit({large, request("huge", {{"mb", "8"}})});
  const RunReport report = city.run();
  EXPECT_EQ(report.done, 1U);
  EXPECT_EQ(city.job(large).state, JobState::held);
}

TEST(Drive, TooMuchTimeIsAFailedJob) {
  FakeCity city;
  city.workers.allowance.time_s = 0.02;
  city.submit({request("slow", {{"ms", "5000"}}), request("echo", {{"text", "after"}})});
  const RunReport report = city.run();
  EXPECT_EQ(report.failed, 1U);
  EXPECT_EQ(report.done, 1U);
}

TEST(Drive, AJobThatNeverLooksUpIsLeftBehind) {
  FakeCity city;
  city.workers.allowance.time_s = 0.01;
  const Request stuck = request("slow", {{"ms", "2500"}, {"polite", "false"}});
  city.submit({stuck, request("echo", {{"text", "after"}}, {})});
  const RunReport report = city.run();
  EXPECT_EQ(report.failed, 1U);
  EXPECT_EQ(report.done, 1U);
  EXPECT_TRUE(city.job(stuck).output.is_zero());
  std::this_thread::sleep_for(
      std::chrono::milliseconds(1800));  // let the thread go before its world does
}

TEST(Drive, TriesAgainWhatMayPass) {
  FakeCity city;
  g_flaky_failures = 2;
  city.submit({request("flaky")});
  const RunReport report = city.run();
  EXPECT_EQ(report.retried, 2U);
  EXPECT_EQ(report.done, 1U);
}

TEST(Drive, HoldsWhatKeepsFailing) {
  FakeCity city;
  g_flaky_failures = 100;
  city.submit({request("flaky")});
  const RunReport report = city.run();
  EXPECT_EQ(report.failed, 1U);
  EXPECT_EQ(report.retried, 2U);
  g_flaky_failures = 0;
  EXPECT_EQ(city.ledger->release_held(""), 1U);
  EXPECT_EQ(city.run().done, 1U);
}

TEST(Drive, DependentsOfAFailedJobAreToldWhy) {
  FakeCity city;
  const Request bad = request("fail");
  const Request next = request("echo", {{"text", "n"}}, {from_job(bad)});
  const Request last = request("echo", {{"text", "l"}}, {from_job(next)});
  city.submit({bad, next, last});
  const RunReport report = city.run();
  EXPECT_EQ(report.failed, 1U);
  EXPECT_EQ(report.upstream, 2U);
  EXPECT_EQ(city.job(last).state, JobState::upstream);
}

TEST(Drive, ATolerantTaskRunsWithoutTheFailedInput) {
  FakeCity city;
  const Request bad = request("fail");
  const Request good = request("echo", {{"text", "g"}});
  const Request both = request("gather", {}, {from_job(bad, "a"), from_job(good, "b")});
  city.submit({bad, good, both});
  city.run();
  ASSERT_EQ(city.job(both).state, JobState::done);
  const Artifact document = city.lake->get(city.job(both).output, "document");
  EXPECT_THAT(document.as<std::string>(), HasSubstr("1 there"));
}

TEST(Drive, ExpiredRequestsAreDroppedAndCounted) {
  FakeCity city;
  city.settings.plan.now_mjd = 60000.0;
  Request late = request("echo", {{"text", "late"}});
  late.deadline_mjd = 59999.0;
  Request soon = request("echo", {{"text", "soon"}});
  soon.deadline_mjd = 60000.5;
  EXPECT_EQ(city.submit({late, soon}).dropped.at("expired"), 1U);
  city.settings.plan.now_mjd = 60001.0;
  const RunReport report = city.run();
  EXPECT_EQ(report.expired, 1U);
  EXPECT_EQ(report.done, 0U);
}

TEST(Drive, ADroppedOutputIsMadeAgainForWhoeverNeedsIt) {
  FakeCity city;
  Request dropped = request("echo", {{"text", "d"}});
  dropped.keep = false;
  Request between = request("echo", {{"text", "m"}}, {from_job(dropped)});
  between.keep = false;
  city.submit({dropped, between});
  city.run();
  EXPECT_TRUE(city.job(between).output.is_zero());
  const Request later = request("echo", {{"text", "later"}}, {from_job(between)});
  city.submit({later});
  EXPECT_EQ(city.run().done, 1U);

  FakeCity kept;  // the same with everything in the lake gives the same bytes
  dropped.keep = between.keep = true;
  kept.submit({dropped, between, later});
  kept.run();
  EXPECT_EQ(kept.job(later).output, city.job(later).output);
}

TEST(Drive, KeepingADroppedOutputMakesItAgain) {
  FakeCity city;
  Request wanted = request("echo", {{"text", "d"}});
  wanted.keep = false;
  city.submit({wanted});
  city.run();
  wanted.keep = true;
  city.submit({wanted});
  city.run();
  EXPECT_TRUE(city.lake->has(city.job(wanted).output));
}

TEST(Drive, ALostInputIsMadeAgain) {
  FakeCity city;
  const Request first = request("echo", {{"text", "a"}});
  city.submit({first});
  city.run();
  const Digest before = city.job(first).output;
  city.lake = make_memory_lake();  // the lake burns down
  const Request second = request("echo", {{"text", "b"}}, {from_job(first)});
  city.submit({second});
  const RunReport report = city.run();
  EXPECT_EQ(report.done, 2U);
  EXPECT_EQ(city.job(first).output, before);
}

TEST(Drive, InvalidRequestsAreCountedAndExplained) {
  FakeCity city;
  Request nameless = request("echo");
  nameless.input.entries.clear();
  const AdmitReport report = city.submit(
      {request("nobody"), request("echo", {{"texd", "x"}}), nameless,
       request("echo", {}, {{"in", {InputRef::From::job, digest_of("unheard"), "document"}}})});
  EXPECT_EQ(report.dropped.at("invalid"), 4U);
  EXPECT_THAT(report.first_invalid, HasSubstr("nobody"));
}

TEST(Drive, StopsWhenAskedAndGoesOnLater) {
  FakeCity city;
  city.submit({request("ask", {{"count", "50"}})});
  int looks = 0;
  city.settings.stop = [&] { return ++looks > 1; };
  EXPECT_TRUE(city.run().stopped);
  city.settings.stop = {};
  city.run();
  EXPECT_EQ(city.ledger->book().size(), 51U);
  EXPECT_EQ(city.ledger->open_round(), std::nullopt);
}

TEST(Drive, DescribesThePlanWithoutChangingAnything) {
  FakeCity city;
  Request frame = request("echo", {{"text", "f"}});
  frame.group = "night 1 r";
  city.submit({frame});
  const std::string plan = describe_plan(*city.ledger, {});
  EXPECT_THAT(plan, HasSubstr("1 jobs in 1 chains"));
  EXPECT_THAT(plan, HasSubstr("night 1 r"));
  EXPECT_EQ(plan, describe_plan(*city.ledger, {}));
}

TEST(Drive, TensOfThousandsOfJobsPass) {
  FakeCity city;
  city.settings.caps.per_output = 100'000;
  city.submit({request("ask", {{"count", "20000"}})});
  EXPECT_EQ(city.run().done, 20001U);
}

}  // namespace
}  // namespace polis::test
