#include "jobs/plan.h"

#include <gmock/gmock.h>

#include "jobs/schedule.h"

namespace polis {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PlanTest : public testing::Test {
 protected:
  JobId add(std::vector<JobId> sources = {}, JobState state = JobState::waiting, bool keep = true,
            std::uint32_t group = 0) {
    Job job;
    job.key = digest_of(std::to_string(book.size()));
    job.state = state;
    job.keep = keep;
    job.group = group;
    if (state == JobState::done && keep)
      job.output = digest_of("out" + std::to_string(book.size()));
    return book.add(job, sources);
  }
  std::vector<std::vector<JobId>> steps() const {
    std::vector<std::vector<JobId>> all;
    for (const Chain& chain : decide(book, settings).chains) all.push_back(chain.steps);
    return all;
  }
  JobBook book;
  PlanSettings settings;
};

TEST_F(PlanTest, NothingIsToBeDoneInAnEmptyBook) { EXPECT_THAT(steps(), IsEmpty()); }

TEST_F(PlanTest, AChainFollowsTheFrameThroughItsTasks) {
  const JobId calibrated = add();
  const JobId detected = add({calibrated});
  const JobId measured = add({calibrated, detected});
  EXPECT_THAT(steps(), ElementsAre(ElementsAre(calibrated, detected, measured)));
}

TEST_F(PlanTest, JobsOfSeveralChainsWaitForTheNextRound) {
  const JobId a = add();
  const JobId b = add();
  add({a, b});
  EXPECT_THAT(steps(), ElementsAre(ElementsAre(a), ElementsAre(b)));
}

TEST_F(PlanTest, AMasterFlatDoesNotDrawAllFramesOntoOneRank) {
  const JobId flat = add();
  for (int i = 0; i < 20; ++i) add({flat});
  EXPECT_THAT(steps(), ElementsAre(ElementsAre(flat)));
  book.at(flat).state = JobState::done;
  book.at(flat).output = digest_of("flat");
  EXPECT_EQ(steps().size(), 20U);
}

TEST_F(PlanTest, ChainsDoNotCrossGroups) {
  const JobId flat = add({}, JobState::waiting, true, 1);
  add({flat}, JobState::waiting, true, 2);
  EXPECT_THAT(steps(), ElementsAre(ElementsAre(flat)));
}

TEST_F(PlanTest, DroppedInputsComeWithRecipes) {
  const JobId raw = add({}, JobState::done, false);
  const JobId calibrated = add({raw}, JobState::done, false);
  const JobId wanted = add({calibrated});
  const RoundPlan plan = decide(book, settings);
  ASSERT_EQ(plan.chains.size(), 1U);
  EXPECT_THAT(plan.chains[0].recipes, ElementsAre(raw, calibrated));
  EXPECT_THAT(plan.chains[0].steps, ElementsAre(wanted));
  EXPECT_DOUBLE_EQ(plan.chains[0].cost, 3.0);
}

TEST_F(PlanTest, WhatNeedsAFailedJobIsGivenUpAtOnce) {
  const JobId held = add({}, JobState::held);
  const JobId next = add({held});
  const JobId last = add({next});
  const RoundPlan plan = decide(book, settings);
  EXPECT_THAT(plan.chains, IsEmpty());
  EXPECT_THAT(plan.upstream, ElementsAre(next, last));
}

TEST_F(PlanTest, DeadlinesPass) {
  const JobId late = add();
  book.at(late).deadline_mjd = 100.0;
  settings.now_mjd = 99.0;
  EXPECT_EQ(steps().size(), 1U);
  settings.now_mjd = 101.0;
  EXPECT_THAT(decide(book, settings).expired, ElementsAre(late));
}

TEST_F(PlanTest, ChainsHaveABound) {
  JobId last = add();
  for (int i = 0; i < 100; ++i) last = add({last});
  EXPECT_THAT(steps(), ElementsAre(testing::SizeIs(kMaxChainSteps)));
}

OpenChain chain(std::uint32_t number, double cost, std::uint32_t group = 0, int priority = 0) {
  OpenChain open;
  open.ticket.chain = number;
  open.cost = cost;
  open.group = group;
  open.priority = priority;
  return open;
}

TEST(Schedule, GivesUrgentWorkFirstThenTheLongest) {
  Schedule schedule({chain(0, 1.0), chain(1, 5.0), chain(2, 2.0, 0, 9)}, 1);
  std::vector<std::uint32_t> order;
  while (!schedule.finished()) {
    for (const ChainTicket& ticket : schedule.next(0)) order.push_back(ticket.chain);
    schedule.ended(0);
  }
  EXPECT_THAT(order, ElementsAre(2, 1, 0));
}

TEST(Schedule, KeepsAGroupOnOneWorkerWhileThereIsOtherWork) {
  Schedule schedule({chain(0, 1.0, 1), chain(1, 1.0, 1), chain(2, 1.0, 2), chain(3, 1.0, 2)}, 2);
  EXPECT_EQ(schedule.next(0).front().chain, 0U);
  EXPECT_EQ(schedule.next(1).front().chain, 2U);
  schedule.ended(0);
  EXPECT_EQ(schedule.next(0).front().chain, 1U);
}

TEST(Schedule, WhoHasNothingLeftHelpsOthers) {
  Schedule schedule({chain(0, 1.0, 1), chain(1, 1.0, 1), chain(2, 1.0, 1)}, 2);
  EXPECT_EQ(schedule.next(0).size(), 1U);
  EXPECT_EQ(schedule.next(1).size(), 1U);
}

TEST(Schedule, GrantsShrinkTowardsTheEnd) {
  std::vector<OpenChain> chains;
  for (std::uint32_t i = 0; i < 1000; ++i) chains.push_back(chain(i, 1.0));
  Schedule schedule(chains, 4);
  std::vector<std::size_t> sizes;
  while (schedule.left() > 0) {
    for (std::size_t worker = 0; worker < 4; ++worker) {
      const std::size_t size = schedule.next(worker).size();
      if (size > 0) sizes.push_back(size);
      for (std::size_t i = 0; i < size; ++i) schedule.ended(worker);
    }
  }
  EXPECT_GT(sizes.front(), 50U);
  EXPECT_EQ(sizes.back(), 1U);
}

}  // namespace
}  // namespace polis
