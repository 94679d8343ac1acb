#include "mpi/mpi_runner.h"

#include <chrono>
#include <thread>

#include "base/error.h"

namespace polis {
namespace {

/// A core that only waits must be free for the work: between looks the master sleeps, longer the
/// longer nothing comes.
class Patience {
 public:
  void rest() {
    std::this_thread::sleep_for(std::chrono::microseconds(pause_us_));
    if (pause_us_ < 500) pause_us_ += pause_us_ / 2;
  }

 private:
  int pause_us_ = 20;
};

}  // namespace

MpiRunner::MpiRunner(const Session& session, Mailbox& mailbox, const WorkerSettings& settings)
    : session_(session), mailbox_(mailbox) {
  for (int rank = 1; rank < session.size(); ++rank)
    mailbox_.send(rank, kSettings, pack_settings(settings));
}

void MpiRunner::grant(std::size_t worker, const Grant& grant) {
  mailbox_.send(static_cast<int>(worker) + 1, kGrant, pack_grant(grant));
}

double MpiRunner::now_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void MpiRunner::wait(std::vector<StepResult>& results, double at_most_s) {
  const double until_s = now_s() + at_most_s;
  Patience patience;
  while (true) {
    while (const auto letter = mailbox_.look()) open(*letter, results);
    mailbox_.tidy();
    if (!results.empty() || now_s() >= until_s) return;
    patience.rest();
  }
}

void MpiRunner::open(const Letter& letter, std::vector<StepResult>& results) const {
  if (letter.tag != kResults) session_.abort("the master got a message that only a master sends");
  try {
    for (StepResult& result : unpack_results(letter.bytes)) {
      result.worker = static_cast<std::uint32_t>(letter.from - 1);
      results.push_back(std::move(result));
    }
  } catch (const Error& error) {
    session_.abort(error.what());
  }
}

void dismiss_workers(const Session& session, Mailbox& mailbox) {
  for (int rank = 1; rank < session.size(); ++rank) mailbox.send(rank, kStop, {});
  Patience patience;
  for (int left = session.size() - 1; left > 0 || !mailbox.all_sent();) {
    const auto letter = mailbox.look();
    if (letter && letter->tag == kBye) --left;
    mailbox.tidy();
    if (!letter) patience.rest();
  }
}

}  // namespace polis
