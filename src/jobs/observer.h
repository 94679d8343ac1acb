#pragma once

#include <string_view>

#include "jobs/admit.h"
#include "ledger/ledger.h"

namespace polis {

/// What a run looks like while it goes on. All calls come from the master's one thread.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  struct RoundStart {
    int round = 0;
    bool resumed = false;
    std::uint64_t jobs = 0, chains = 0;
    double cost = 0.0;
  };
  virtual void round_began(const RoundStart& start) { (void)start; }
  /// After each attempt; `final` says that it will not be tried again.
  virtual void job_ended(const Job& job, std::string_view task, const Outcome& outcome,
                         bool final) {
    (void)job, (void)task, (void)outcome, (void) final;
  }
  /// About ten times a second while a round goes on.
  virtual void progress(std::uint64_t ended_jobs, std::uint64_t round_jobs) {
    (void)ended_jobs, (void)round_jobs;
  }
  virtual void round_ended(const RoundSummary& summary) { (void)summary; }
  virtual void note(std::string_view text) { (void)text; }
};

}  // namespace polis
