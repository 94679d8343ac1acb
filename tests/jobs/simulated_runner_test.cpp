#include "jobs/simulated_runner.h"

#include <gtest/gtest.h>

#include "jobs/fake_tasks.h"
#include "jobs/order.h"

namespace polis::test {
namespace {

TEST(SimulatedRunner, RunsTheRealPlanOnAClockOfItsOwn) {
  FakeCity city;
  std::vector<Request> requests;
  for (int i = 0; i < 200; ++i) {
    Request request = test::request("echo", {{"text", std::to_string(i)}});
    request.cost = 1.0 + i % 7;
    request.keep = false;
    requests.push_back(request);
  }
  city.submit(requests);
  SimulatedRunner runner(10, 0.001, [&](const ChainTicket& ticket) {
    std::vector<SimulatedStep> steps;
    for (const JobId job : read_order(*city.lake, ticket.order).jobs(ticket.chain)) {
      steps.push_back({job, 100.0 * city.ledger->book().at(job).cost});
    }
    return steps;
  });
  const RunReport report =
      drive(*city.ledger, *city.lake, city.tasks, runner, city.settings, city.observer);
  EXPECT_EQ(report.done, 200U);
  EXPECT_NEAR(report.busy_s, 79400.0, 1.0);
  EXPECT_LT(report.idle_s / (report.busy_s + report.idle_s), 0.05);
  EXPECT_GT(runner.master_busy_s(), 0.0);
}

}  // namespace
}  // namespace polis::test
