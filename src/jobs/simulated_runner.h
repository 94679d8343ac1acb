#pragma once

#include <deque>
#include <functional>
#include <queue>
#include <vector>

#include "jobs/runner.h"

namespace polis {

/// A step of a chain, and how long it takes.
struct SimulatedStep {
  JobId job = 0;
  double wall_s = 0.0;
};

/// The third runner: workers that only exist as events on a clock of their own, under the real
/// plan, schedule and ledger. The master's own work takes the time that it really takes (processor
/// time of this thread), so that one sees at how many workers it becomes the bottleneck.
class SimulatedRunner final : public Runner {
 public:
  /// `steps_of` says what a granted chain consists of; `latency_s`: of a message, one way.
  SimulatedRunner(std::size_t workers, double latency_s,
                  std::function<std::vector<SimulatedStep>(const ChainTicket&)> steps_of);

  std::size_t workers() const override { return desks_.size(); }
  void grant(std::size_t worker, const Grant& grant) override;
  void wait(std::vector<StepResult>& results, double at_most_s) override;
  double now_s() const override { return now_s_; }

  /// Processor time that the master spent, and the simulated time in which it did so. [s]
  double master_busy_s() const { return master_busy_s_; }
  std::uint64_t messages() const { return messages_; }

 private:
  struct Desk {
    std::deque<ChainTicket> waiting;
    std::vector<SimulatedStep> running;
    double free_s = 0.0;  ///< when the last chain ended
  };
  struct Event {
    double time_s = 0.0;
    std::size_t worker = 0;
    bool operator>(const Event& other) const {
      return time_s != other.time_s ? time_s > other.time_s : worker > other.worker;
    }
  };
  void begin_next(std::size_t worker, double time_s);
  void end_chain(const Event& event, std::vector<StepResult>& results);
  void count_masters_work();

  std::vector<Desk> desks_;
  double latency_s_;
  std::function<std::vector<SimulatedStep>(const ChainTicket&)> steps_of_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  double now_s_ = 0.0;
  double processor_s_ = 0.0;  ///< of this thread, when last looked at
  double master_busy_s_ = 0.0;
  std::uint64_t messages_ = 0;
};

}  // namespace polis
