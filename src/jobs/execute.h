#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "jobs/artifact_cache.h"
#include "jobs/order.h"
#include "jobs/runner.h"
#include "jobs/task.h"

namespace polis {

/// What the executor tells while a chain runs. Called from the thread that runs it.
class ChainListener {
 public:
  virtual ~ChainListener() = default;
  virtual void job_begins(JobId job) = 0;
  /// False: nobody listens any more (the job overran); run nothing further, store nothing.
  virtual bool job_ended(const Outcome& outcome) = 0;
  virtual bool abandoned() const = 0;
};

/// Runs chains in this thread. Whatever a job does, short of crashing the process, becomes its
/// outcome.
class JobExecutor {
 public:
  JobExecutor(Lake& lake, const TaskTable& tasks, const WorkerSettings& settings);
  void run(const ChainTicket& ticket, ChainListener& listener);

 private:
  const Order& order(const Digest& digest);

  Lake& lake_;
  const TaskTable& tasks_;
  WorkerSettings settings_;
  ArtifactCache cache_;
  std::vector<std::pair<Digest, std::unique_ptr<Order>>> orders_;  ///< the last few
};

}  // namespace polis
