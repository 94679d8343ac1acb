#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/plan.h"
#include "jobs/spec.h"
#include "lake/lake.h"
#include "ledger/ledger.h"

namespace polis {

/// Where the bytes of one input are, as known when the round began.
struct Resolved {
  enum class Where : std::uint8_t {
    lake,    ///< under `digest`
    memory,  ///< made by an earlier step or a recipe of the same chain
    missing  ///< its job failed
  };
  Where where = Where::lake;
  Digest digest;
};

/// One job of a chain with all that a worker needs to run it.
struct OrderStep {
  JobId job = 0;
  Digest key;
  bool keep = true;
  JobSpec spec;
  std::vector<Resolved> inputs;  ///< one per entry of spec.input
};

struct OrderChain {
  std::vector<OrderStep> recipes;  ///< run only when their output is opened
  std::vector<OrderStep> steps;
};

/// Writes the chains of a round into the lake as artifacts of kind `order` (docs/formats/order.md),
/// a few hundred to each. Depends on the ledger alone, so that a round that is begun again gets the
/// same orders.
std::vector<Digest> write_orders(int round, const std::vector<Chain>& chains, const Ledger& ledger,
                                 Lake& lake);

/// Chains per order: chain i of a round is chain i % kChainsPerOrder of order i / kChainsPerOrder.
inline constexpr std::size_t kChainsPerOrder = 256;

/// An order as read back. Chains are unpacked one by one, when they are needed.
class Order {
 public:
  /// Errors: damaged.
  explicit Order(Bytes bytes);
  std::size_t chains() const { return chains_.size(); }
  OrderChain chain(std::size_t index) const;
  /// Only the jobs of its steps.
  std::vector<JobId> jobs(std::size_t index) const;

 private:
  Bytes bytes_;
  std::vector<ByteView> chains_;
};

Order read_order(const Lake& lake, const Digest& digest);

}  // namespace polis
