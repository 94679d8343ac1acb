#pragma once

#include <memory>
#include <vector>

#include "jobs/execute.h"
#include "jobs/runner.h"
#include "jobs/task.h"

namespace polis {

/// One worker: a thread that runs the chains it is given, in order, and a guard that leaves a job
/// behind which overruns its allowance and does not notice. (A thread cannot be stopped from
/// outside; it is abandoned, and whatever it still does is thrown away.)
class Workbench {
 public:
  Workbench(Lake& lake, const TaskTable& tasks, const WorkerSettings& settings);
  /// Waits for the job that is running; an abandoned one is left.
  ~Workbench();
  Workbench(const Workbench&) = delete;
  Workbench& operator=(const Workbench&) = delete;

  void add(const Grant& grant);
  /// Appends what ended; waits up to `at_most_s` for the first.
  void collect(std::vector<StepResult>& results, double at_most_s);

 private:
  class Shift;

  Lake& lake_;
  const TaskTable& tasks_;
  WorkerSettings settings_;
  std::shared_ptr<Shift> shift_;
};

/// Jobs of this process that were abandoned: where there are any, it must end without cleaning up
/// (_Exit).
std::size_t runaway_jobs();

}  // namespace polis
