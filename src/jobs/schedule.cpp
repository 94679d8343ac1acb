#include "jobs/schedule.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace polis {
namespace {

/// A grant is sent as one message: so many chains at most.
constexpr std::size_t kMaxGrant = 512;
/// A grant is this part of an even share of what is left.
constexpr double kGrantShare = 0.25;
/// So that chains without a cost still count.
constexpr double kLeastCost = 1e-3;

/// Cheap first, since chains are taken from the end. The ticket decides ties.
bool comes_later(const OpenChain& a, const OpenChain& b) {
  if (a.priority != b.priority) return a.priority < b.priority;
  if (a.cost != b.cost) return a.cost < b.cost;
  return std::tie(a.ticket.order, a.ticket.chain) > std::tie(b.ticket.order, b.ticket.chain);
}

/// Chains of each group, those with the most urgent and longest chains first.
std::vector<std::vector<OpenChain>> partition(std::vector<OpenChain> chains) {
  for (OpenChain& chain : chains) chain.cost = std::max(chain.cost, kLeastCost);
  std::unordered_map<std::uint32_t, std::size_t> index;
  std::vector<std::vector<OpenChain>> parts;
  for (const OpenChain& chain : chains) {
    // Index 0 is the empty name: chains without a group share nothing.
    const std::size_t fresh = parts.size();
    const std::size_t part =
        chain.group == 0 ? fresh : index.try_emplace(chain.group, fresh).first->second;
    if (part == fresh) parts.emplace_back();
    parts[part].push_back(chain);
  }
  for (auto& part : parts) std::sort(part.begin(), part.end(), comes_later);
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return comes_later(b.back(), a.back()); });
  return parts;
}

double sum_of_costs(const std::vector<OpenChain>& chains) {
  double sum = 0.0;
  for (const OpenChain& chain : chains) sum += chain.cost;
  return sum;
}

}  // namespace

Schedule::Schedule(std::vector<OpenChain> chains, std::size_t workers) : workers_(workers) {
  left_ = chains.size();
  for (auto& part : partition(std::move(chains))) {
    const double cost = sum_of_costs(part);
    by_cost_.emplace(cost, partitions_.size());
    cost_left_ += cost;
    partitions_.push_back({std::move(part), cost});
  }
}

bool Schedule::has_chains(std::size_t partition) const {
  return partition != kNone && !partitions_[partition].chains.empty();
}

std::size_t Schedule::richest() {
  while (true) {
    const auto [cost, partition] = by_cost_.top();
    const double now = partitions_[partition].cost;
    if (has_chains(partition) && now >= cost) return partition;
    by_cost_.pop();
    if (has_chains(partition)) by_cost_.emplace(now, partition);
  }
}

void Schedule::settle(Worker& worker) {
  if (has_chains(worker.home)) return;
  while (next_partition_ < partitions_.size() && !has_chains(next_partition_)) ++next_partition_;
  worker.home = next_partition_ < partitions_.size() ? next_partition_++ : richest();
}

OpenChain Schedule::take(Worker& worker) {
  settle(worker);
  Partition& home = partitions_[worker.home];
  OpenChain chain = home.chains.back();
  home.chains.pop_back();
  home.cost = home.chains.empty() ? 0.0 : home.cost - chain.cost;
  worker.running.push_back(chain.cost);
  worker.outstanding += chain.cost;
  --left_;
  ++running_;
  cost_left_ = left_ == 0 ? 0.0 : cost_left_ - chain.cost;
  return chain;
}

double Schedule::grant_cost() const {
  return kGrantShare * cost_left_ / static_cast<double>(workers_.size());
}

Grant Schedule::next(std::size_t worker) {
  Worker& me = workers_[worker];
  const double enough = grant_cost();
  if (left_ == 0 || (!me.running.empty() && me.outstanding >= enough)) return {};
  Grant grant;
  double cost = 0.0;
  while (left_ > 0 && grant.size() < kMaxGrant && (grant.empty() || cost < enough)) {
    const OpenChain chain = take(me);
    cost += chain.cost;
    grant.push_back(chain.ticket);
  }
  return grant;
}

void Schedule::ended(std::size_t worker) {
  Worker& me = workers_[worker];
  me.outstanding -= me.running.front();
  me.running.pop_front();
  if (me.running.empty()) me.outstanding = 0.0;
  --running_;
}

std::vector<PartitionSummary> summarize_partitions(std::vector<OpenChain> chains) {
  std::vector<PartitionSummary> summaries;
  for (const auto& part : partition(std::move(chains))) {
    summaries.push_back({part.back().group, part.back().priority, part.size(), sum_of_costs(part)});
  }
  return summaries;
}

}  // namespace polis
