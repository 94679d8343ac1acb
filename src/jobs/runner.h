#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lake/lake.h"
#include "ledger/ledger.h"

namespace polis {

/// What one job may use. Zero: no limit.
struct Allowance {
  std::uint64_t memory_mb = 0;  ///< beyond what the process held when the job began
  double time_s = 0.0;          ///< wall time
};

/// What a worker must know, the same for all of a run.
struct WorkerSettings {
  std::string lake_root;  ///< empty: the lake that the runner was given (one process only)
  Allowance allowance;
  int threads = 0;                ///< for the kernels of one job; 0: as OMP_NUM_THREADS says
  std::uint64_t cache_mb = 1024;  ///< for inputs that several chains share (master flats)
};

/// One chain to run: where its order lies, which of its chains, and which of its steps are done
/// already.
struct ChainTicket {
  Digest order;
  std::uint32_t chain = 0;
  JobId first_job = 0;           ///< blamed if the order cannot be read
  std::uint64_t done_steps = 0;  ///< bit i: step i of the chain needs no run of its own
};

using Grant = std::vector<ChainTicket>;

/// What became of one step of a granted chain. Job 0: nothing, only that the chain ended.
struct StepResult {
  std::uint32_t worker = 0;
  Outcome outcome;
  bool chain_ended =
      false;  ///< the last of its chain; a worker ends its chains in the order granted
};

/// Who does the work: this process, other ranks, or nobody (simulation). Never decides anything.
class Runner {
 public:
  virtual ~Runner() = default;
  virtual std::size_t workers() const = 0;
  /// Hands chains to a worker and returns at once.
  virtual void grant(std::size_t worker, const Grant& grant) = 0;
  /// Waits until something came back, or until `at_most_s` have passed; appends it to `results`.
  virtual void wait(std::vector<StepResult>& results, double at_most_s) = 0;
  /// Seconds since some fixed moment; a simulated runner has its own clock.
  virtual double now_s() const = 0;
};

/// Makes the runner that a program has: the local one, or the one of MPI when started with several
/// ranks.
using RunnerFactory = std::function<std::unique_ptr<Runner>(const WorkerSettings&, Lake&)>;

}  // namespace polis
