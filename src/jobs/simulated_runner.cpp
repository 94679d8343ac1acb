#include "jobs/simulated_runner.h"

#include <time.h>

#include <algorithm>

namespace polis {
namespace {

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

SimulatedRunner::SimulatedRunner(
    std::size_t workers, double latency_s,
    std::function<std::vector<SimulatedStep>(const ChainTicket&)> steps_of)
    : desks_(workers),
      latency_s_(latency_s),
      steps_of_(std::move(steps_of)),
      processor_s_(processor_seconds()) {}

void SimulatedRunner::count_masters_work() {
  const double now = processor_seconds();
  master_busy_s_ += now - processor_s_;
  now_s_ += now - processor_s_;
  processor_s_ = now;
}

void SimulatedRunner::grant(std::size_t worker, const Grant& grant) {
  count_masters_work();
  ++messages_;
  Desk& desk = desks_[worker];
  desk.waiting.insert(desk.waiting.end(), grant.begin(), grant.end());
  if (desk.running.empty()) begin_next(worker, std::max(desk.free_s, now_s_ + latency_s_));
  processor_s_ = processor_seconds();  // the simulation's own work is not the master's
}

void SimulatedRunner::begin_next(std::size_t worker, double time_s) {
  Desk& desk = desks_[worker];
  if (desk.waiting.empty()) return;
  desk.running = steps_of_(desk.waiting.front());
  desk.waiting.pop_front();
  double wall_s = 0.0;
  for (const SimulatedStep& step : desk.running) wall_s += step.wall_s;
  events_.push({time_s + wall_s, worker});
}

void SimulatedRunner::end_chain(const Event& event, std::vector<StepResult>& results) {
  Desk& desk = desks_[event.worker];
  for (const SimulatedStep& step : desk.running) {
    StepResult result;
    result.worker = static_cast<std::uint32_t>(event.worker);
    result.outcome.job = step.job;
    result.outcome.ok = true;
    result.outcome.wall_s = step.wall_s;
    results.push_back(result);
  }
  StepResult end;
  end.worker = static_cast<std::uint32_t>(event.worker);
  end.chain_ended = true;
  results.push_back(end);
  ++messages_;
  desk.running.clear();
  desk.free_s = event.time_s;
  begin_next(event.worker, event.time_s);
}

void SimulatedRunner::wait(std::vector<StepResult>& results, double at_most_s) {
  count_masters_work();
  const double until_s = now_s_ + at_most_s;
  if (!events_.empty()) now_s_ = std::clamp(events_.top().time_s + latency_s_, now_s_, until_s);
  while (!events_.empty() && events_.top().time_s + latency_s_ <= now_s_) {
    const Event event = events_.top();
    events_.pop();
    end_chain(event, results);
  }
  processor_s_ = processor_seconds();
}

}  // namespace polis
