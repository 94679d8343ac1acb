#pragma once

#include <memory>
#include <vector>

#include "jobs/drive.h"
#include "jobs/schedule.h"

namespace polis {

/// One round while it is driven: grants chains, records what comes back, commits now and then.
class RoundRun {
 public:
  RoundRun(Ledger& ledger, const Lake& lake, Runner& runner, const DriveSettings& settings,
           RunObserver& observer, RunReport& report, std::vector<OpenChain> chains);
  /// False: it was stopped before its end.
  bool run();
  /// What this call saw of the round; requests are not in it yet.
  const RoundSummary& summary() const { return summary_; }

 private:
  void grant();
  void take(const StepResult& result);
  void failed(const Outcome& outcome);
  bool tries_again(const Outcome& outcome);
  bool remake_lost_inputs(JobId job);
  void commit_if_due();

  Ledger& ledger_;
  const Lake& lake_;
  Runner& runner_;
  const DriveSettings& settings_;
  RunObserver& observer_;
  RunReport& report_;
  Schedule schedule_;
  RoundSummary summary_;
  std::vector<std::size_t> hungry_;  ///< workers to look at again
  std::vector<char> is_hungry_;
  double began_s_ = 0.0, committed_s_ = 0.0, told_s_ = 0.0;
  bool disk_full_ = false;
};

}  // namespace polis
