#pragma once

#include <cstdint>
#include <deque>
#include <queue>
#include <utility>
#include <vector>

#include "jobs/runner.h"

namespace polis {

/// A chain that waits to be granted.
struct OpenChain {
  ChainTicket ticket;
  std::uint32_t group = 0;
  std::int32_t priority = 0;
  double cost = 0.0;
  std::size_t jobs = 0;
};

struct PartitionSummary {
  std::uint32_t group = 0;
  std::int32_t priority = 0;
  std::size_t chains = 0;
  double cost = 0.0;
};

/// Which worker gets which chains, and when.
///
/// Chains of one group (they share calibrations or sky) form a partition, which goes to one worker
/// as long as that keeps all busy; partitions and chains within one go in order of priority, then
/// the longest first. Grants shrink as the round comes to its end (guided self-scheduling,
/// Polychronopoulos & Kuck 1987), and who has nothing left takes from the partition that has most.
/// Each worker is granted ahead, so that it never waits for the master.
class Schedule {
 public:
  Schedule(std::vector<OpenChain> chains, std::size_t workers);

  /// Chains for this worker now; empty: it has enough, or nothing is left.
  Grant next(std::size_t worker);
  /// The oldest chain that the worker was granted and that had not ended has ended.
  void ended(std::size_t worker);
  bool finished() const { return left_ == 0 && running_ == 0; }
  std::size_t left() const { return left_; }
  std::size_t running() const { return running_; }

 private:
  struct Partition {
    std::vector<OpenChain> chains;  ///< the next one last
    double cost = 0.0;
  };
  struct Worker {
    std::deque<double> running;  ///< costs of the chains it was granted, in order
    double outstanding = 0.0;    ///< their sum
    std::size_t home = kNone;    ///< partition
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  bool has_chains(std::size_t partition) const;
  std::size_t richest();
  void settle(Worker& worker);
  OpenChain take(Worker& worker);
  double grant_cost() const;

  std::vector<Partition> partitions_;
  std::size_t next_partition_ = 0;                               ///< those before it have an owner
  std::priority_queue<std::pair<double, std::size_t>> by_cost_;  ///< may lag: costs only shrink
  std::vector<Worker> workers_;
  std::size_t left_ = 0;
  std::size_t running_ = 0;
  double cost_left_ = 0.0;
};

/// The partitions of these chains, in the order in which they are begun.
std::vector<PartitionSummary> summarize_partitions(std::vector<OpenChain> chains);

}  // namespace polis
