#pragma once

#include "jobs/runner.h"
#include "mpi/mailbox.h"
#include "mpi/session.h"

namespace polis {

/// Hands chains to the other ranks. Makes no decision, keeps no state but unsent messages.
class MpiRunner final : public Runner {
 public:
  MpiRunner(const Session& session, Mailbox& mailbox, const WorkerSettings& settings);
  std::size_t workers() const override { return static_cast<std::size_t>(session_.size() - 1); }
  void grant(std::size_t worker, const Grant& grant) override;
  void wait(std::vector<StepResult>& results, double at_most_s) override;
  double now_s() const override;

 private:
  void open(const Letter& letter, std::vector<StepResult>& results) const;
  const Session& session_;
  Mailbox& mailbox_;
};

/// Sends all workers home and waits until the last has said bye.
void dismiss_workers(const Session& session, Mailbox& mailbox);

}  // namespace polis
