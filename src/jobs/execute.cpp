#include "jobs/execute.h"

#include "jobs/chain_run.h"

namespace polis {
namespace {

/// Orders are small; a worker mostly walks through one or two at a time.
constexpr std::size_t kHeldOrders = 8;

}  // namespace

JobExecutor::JobExecutor(Lake& lake, const TaskTable& tasks, const WorkerSettings& settings)
    : lake_(lake), tasks_(tasks), settings_(settings), cache_(settings.cache_mb << 20U) {}

const Order& JobExecutor::order(const Digest& digest) {
  for (const auto& [name, order] : orders_) {
    if (name == digest) return *order;
  }
  if (orders_.size() >= kHeldOrders) orders_.erase(orders_.begin());
  orders_.emplace_back(digest, std::make_unique<Order>(read_order(lake_, digest)));
  return *orders_.back().second;
}

void JobExecutor::run(const ChainTicket& ticket, ChainListener& listener) {
  const OrderChain chain = order(ticket.order).chain(ticket.chain);
  ChainRun run(lake_, tasks_, settings_, cache_, chain, ticket.done_steps);
  for (std::size_t i = 0; i < chain.steps.size(); ++i) {
    if (run.is_done(i) || !run.can_run(i)) continue;
    listener.job_begins(chain.steps[i].job);
    if (!listener.job_ended(run.run(i, listener))) return;
  }
}

}  // namespace polis
