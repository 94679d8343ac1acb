#include "jobs/plan.h"

#include <algorithm>
#include <unordered_set>

namespace polis {
namespace {

constexpr std::uint32_t kNoChain = 0xFFFFFFFFU;

bool never_comes(JobState state) {
  return state == JobState::held || state == JobState::upstream || state == JobState::expired;
}

/// One pass over the book in order of id, which is an order of dependence too.
class Decision {
 public:
  Decision(const JobBook& book, const PlanSettings& settings)
      : book_(book), settings_(settings), chain_of_(book.size() + 1, kNoChain) {}

  RoundPlan run() {
    count_consumers();
    for (JobId id = 1; id <= book_.last(); ++id) {
      if (book_.at(id).state == JobState::waiting) place(id);
    }
    for (Chain& chain : plan_.chains) finish(chain);
    return std::move(plan_);
  }

 private:
  void count_consumers() {
    consumers_.resize(book_.size() + 1);
    for (JobId id = 1; id <= book_.last(); ++id) {
      if (book_.at(id).state != JobState::waiting) continue;
      for (const JobId source : book_.sources(id)) ++consumers_[source];
    }
  }

  void place(JobId id) {
    const Job& job = book_.at(id);
    if (is_expired(job)) {
      plan_.expired.push_back(id);
      given_up_.insert(id);
      return;
    }
    std::uint32_t chain = kNoChain;
    bool ready = true;
    for (const JobId source : book_.sources(id)) {
      if (lost(source)) {
        if (job.tolerant) continue;
        plan_.upstream.push_back(id);
        given_up_.insert(id);
        return;
      }
      if (book_.at(source).state == JobState::done) continue;
      ready = ready && may_follow(job, source) && (chain == kNoChain || chain == chain_of_[source]);
      chain = chain_of_[source];
    }
    if (!ready) return;
    if (chain == kNoChain) {
      chain = static_cast<std::uint32_t>(plan_.chains.size());
      plan_.chains.push_back({job.group, job.priority, 0.0, {}, {}});
    } else if (plan_.chains[chain].steps.size() >= kMaxChainSteps) {
      return;
    }
    add(plan_.chains[chain], id);
    chain_of_[id] = chain;
  }

  void add(Chain& chain, JobId id) const {
    chain.steps.push_back(id);
    chain.cost += book_.at(id).cost;
    chain.priority = std::max(chain.priority, book_.at(id).priority);
  }

  bool is_expired(const Job& job) const {
    return job.deadline_mjd > 0.0 && settings_.now_mjd > job.deadline_mjd;
  }

  bool lost(JobId source) const {
    return never_comes(book_.at(source).state) || given_up_.contains(source);
  }

  /// May `job` use the output of `source` in memory, in this round? A master flat that many frames
  /// need is made in one round and read from the lake in the next; otherwise all frames would end
  /// up on one rank.
  bool may_follow(const Job& job, JobId source) const {
    if (chain_of_[source] == kNoChain || book_.at(source).group != job.group) return false;
    return !book_.at(source).keep || consumers_[source] <= settings_.chain_fan_out;
  }

  void finish(Chain& chain) {
    std::vector<JobId> open = chain.steps;
    std::unordered_set<JobId> seen;
    while (!open.empty()) {
      const JobId id = open.back();
      open.pop_back();
      for (const JobId source : book_.sources(id)) {
        const Job& job = book_.at(source);
        if (job.state != JobState::done || !job.output.is_zero()) continue;
        if (!seen.insert(source).second) continue;
        chain.recipes.push_back(source);
        chain.cost += job.cost;
        open.push_back(source);
      }
    }
    std::sort(chain.recipes.begin(), chain.recipes.end());
  }

  const JobBook& book_;
  const PlanSettings& settings_;
  std::vector<std::uint32_t> chain_of_;   ///< by job
  std::vector<std::uint32_t> consumers_;  ///< waiting jobs that need the output, by job
  std::unordered_set<JobId> given_up_;
  RoundPlan plan_;
};

}  // namespace

std::uint64_t RoundPlan::jobs() const {
  std::uint64_t sum = 0;
  for (const Chain& chain : chains) sum += chain.steps.size();
  return sum;
}

RoundPlan decide(const JobBook& book, const PlanSettings& settings) {
  return Decision(book, settings).run();
}

}  // namespace polis
