#include <array>
#include <cstdio>
#include <map>

#include "jobs/drive.h"
#include "jobs/schedule.h"

namespace polis {
namespace {

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::vector<OpenChain> open_chains(const RoundPlan& plan) {
  std::vector<OpenChain> chains;
  for (const Chain& chain : plan.chains) {
    OpenChain open;
    open.ticket.chain = static_cast<std::uint32_t>(chains.size());
    open.group = chain.group;
    open.priority = chain.priority;
    open.cost = chain.cost;
    chains.push_back(open);
  }
  return chains;
}

std::string tasks_of(const RoundPlan& plan, const JobBook& book) {
  std::map<std::string, std::uint64_t> counts;
  for (const Chain& chain : plan.chains) {
    for (const JobId job : chain.steps) ++counts[book.text(book.at(job).task)];
  }
  std::string text;
  for (const auto& [task, count] : counts)
    text += "  " + task + ": " + std::to_string(count) + "\n";
  return text;
}

}  // namespace

std::string describe_plan(const Ledger& ledger, const PlanSettings& settings) {
  const JobBook& book = ledger.book();
  const RoundPlan plan = decide(book, settings);
  std::string text = "round " + std::to_string(ledger.last_round() + 1) + ": " +
                     std::to_string(plan.jobs()) + " jobs in " +
                     std::to_string(plan.chains.size()) + " chains\n" + tasks_of(plan, book);
  if (ledger.open_round())
    text = "round " + std::to_string(ledger.last_round()) +
           " was left open: its rest comes first\n" + text;
  for (const PartitionSummary& part : summarize_partitions(open_chains(plan))) {
    const std::string& group = book.text(part.group);
    text += "  partition " + (group.empty() ? "(alone)" : group) + ": " +
            std::to_string(part.chains) + " chains, cost " + number(part.cost) + ", priority " +
            std::to_string(part.priority) + "\n";
  }
  if (!plan.expired.empty())
    text += "  " + std::to_string(plan.expired.size()) + " jobs are past their deadline\n";
  if (!plan.upstream.empty())
    text += "  " + std::to_string(plan.upstream.size()) + " jobs wait for something that failed\n";
  return text;
}

}  // namespace polis
