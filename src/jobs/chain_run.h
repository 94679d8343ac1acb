#pragma once

#include <unordered_map>

#include "jobs/allowance.h"
#include "jobs/execute.h"

namespace polis {

/// One chain while it runs: its products in memory, each held until its last consumer in the chain
/// has run.
class ChainRun {
 public:
  ChainRun(Lake& lake, const TaskTable& tasks, const WorkerSettings& settings, ArtifactCache& cache,
           const OrderChain& chain, std::uint64_t done_steps);

  /// False: an input from this chain failed; the step is not run and has no outcome, nor have those
  /// that need it.
  bool can_run(std::size_t step);
  /// `abandoned` is asked before anything is stored.
  Outcome run(std::size_t step, const ChainListener& listener);
  bool is_done(std::size_t step) const { return step < 64 && (done_steps_ >> step & 1U) != 0; }

  /// The artifact of an input of `step`, made again if need be. Errors: whatever its job throws.
  Artifact open(const OrderStep& step, std::size_t input, const AllowanceGuard& guard);
  /// An artifact that something opened refers to.
  Artifact open_from_lake(const InputRef& ref) { return cache_.open(lake_, ref.name, ref.kind); }

 private:
  struct Product {
    const OrderStep* step = nullptr;
    Artifact artifact;
    std::size_t consumers = 0;  ///< steps that have not yet run
    bool failed = false;
  };
  TaskOutput produce(const OrderStep& step, const AllowanceGuard& guard);
  void store(const OrderStep& step, TaskOutput output, const ChainListener& listener,
             Outcome& outcome);
  void release_inputs(const OrderStep& step);

  Lake& lake_;
  const TaskTable& tasks_;
  const WorkerSettings& settings_;
  ArtifactCache& cache_;
  const OrderChain& chain_;
  std::uint64_t done_steps_;
  std::unordered_map<Digest, Product> products_;  ///< by job key
};

}  // namespace polis
