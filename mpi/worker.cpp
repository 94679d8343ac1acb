#include "mpi/worker.h"

#include <chrono>
#include <memory>
#include <thread>

#include "base/error.h"
#include "jobs/workbench.h"
#include "mpi/mailbox.h"

namespace polis {
namespace {

/// Between two looks at the mailbox. [s]
constexpr double kLookInterval_s = 1e-3;

/// One rank's desk: messages on one side, the workbench on the other.
class Desk {
 public:
  Desk(const Session& session, const TaskTable& tasks) : session_(session), tasks_(tasks) {}

  void run() {
    while (!stopped_) {
      while (const auto letter = mailbox_.look()) open(*letter);
      report();
    }
    bench_.reset();
    mailbox_.send(0, kBye, {});
    while (!mailbox_.all_sent()) {
      mailbox_.tidy();
      pause();
    }
  }

 private:
  void open(const Letter& letter) {
    switch (letter.tag) {
      case kSettings:
        return settle(unpack_settings(letter.bytes));
      case kGrant:
        if (!bench_) session_.abort("a worker got work before its settings");
        return bench_->add(unpack_grant(letter.bytes));
      case kStop:
        stopped_ = true;
        return;
      default:
        session_.abort("a worker got a message that only a worker sends");
    }
  }

  void settle(const WorkerSettings& settings) {
    bench_.reset();
    lake_ = open_disk_lake(settings.lake_root);
    bench_ = std::make_unique<Workbench>(*lake_, tasks_, settings);
  }

  /// Results of short jobs gather for one interval, so that messages do not outnumber them.
  void report() {
    pause();
    if (!bench_) return;
    std::vector<StepResult> results;
    bench_->collect(results, 0.0);
    if (!results.empty()) mailbox_.send(0, kResults, pack_results(results));
  }

  static void pause() {
    std::this_thread::sleep_for(std::chrono::duration<double>(kLookInterval_s));
  }

  const Session& session_;
  const TaskTable& tasks_;
  Mailbox mailbox_;
  std::unique_ptr<Lake> lake_;
  std::unique_ptr<Workbench> bench_;
  bool stopped_ = false;
};

}  // namespace

void work(const Session& session, const TaskTable& tasks) {
  try {
    Desk(session, tasks).run();
  } catch (const std::exception& error) {
    session.abort(error.what());
  }
}

}  // namespace polis
