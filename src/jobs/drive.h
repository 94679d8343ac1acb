#pragma once

#include <functional>
#include <span>
#include <string>

#include "jobs/admit.h"
#include "jobs/observer.h"
#include "jobs/plan.h"
#include "jobs/runner.h"
#include "jobs/task.h"
#include "lake/lake.h"
#include "ledger/ledger.h"

namespace polis {

struct DriveSettings {
  RequestCaps caps;
  PlanSettings plan;
  int max_attempts = 3;            ///< of a job that fails for reasons that may pass (io, no_space)
  int max_rounds = 100;            ///< in one call; a bound on endless conversations
  double commit_interval_s = 0.5;  ///< a crash loses at most this much of the master's notes
  std::string
      lake_root;  ///< of a disk lake: where jobs that ended their process are noted; may be empty
  std::function<bool()> stop;  ///< asked now and then: true ends the run after a commit (Ctrl-C)
};

struct RunReport {
  int rounds = 0;
  std::uint64_t done = 0, failed = 0, upstream = 0, expired = 0,
                retried = 0;  ///< jobs, in this call
  std::uint64_t waiting = 0;  ///< jobs still not run
  AdmitReport requests;
  double wall_s = 0.0, busy_s = 0.0, idle_s = 0.0;
  bool stopped = false;  ///< by `stop` or max_rounds
};

/// Enters a person's requests: the manifest goes into the lake, the jobs into the ledger; durable
/// when it returns. The same requests again change nothing.
AdmitReport submit(Ledger& ledger, Lake& lake, const TaskTable& tasks,
                   std::span<const Request> requests, const RequestCaps& caps, double now_mjd);

/// Runs rounds until nothing is left to do: decide, execute, remember. Begins with the round that a
/// crash left open.
RunReport drive(Ledger& ledger, Lake& lake, const TaskTable& tasks, Runner& runner,
                const DriveSettings& settings, RunObserver& observer);

/// The next round in words, one line per partition, then totals: what `--dry-run` prints. Changes
/// nothing.
std::string describe_plan(const Ledger& ledger, const PlanSettings& settings);

}  // namespace polis
