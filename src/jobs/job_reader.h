#pragma once

#include <set>

#include "jobs/chain_run.h"

namespace polis {

/// The Reader of one job: its bundle, and what the opened artifacts refer to.
class JobReader final : public Reader {
 public:
  JobReader(ChainRun& chain, const OrderStep& step, const AllowanceGuard& guard)
      : chain_(chain), step_(step), guard_(guard) {}

  const Bundle& bundle() const override { return step_.spec.input; }
  Artifact open(const InputRef& ref) override;
  bool has(const InputRef& ref) const override;
  void progress(double) override { guard_.check(); }

 private:
  std::size_t index_of(const InputRef& ref) const;
  void note_references(const Artifact& artifact);

  ChainRun& chain_;
  const OrderStep& step_;
  const AllowanceGuard& guard_;
  std::set<Digest> reachable_;
};

}  // namespace polis
