#include "jobs/workbench.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "jobs/crash_note.h"
#include "kernels/parallel.h"
#include "lake/paths.h"

namespace polis {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<std::size_t> g_runaways{0};

/// How much longer than its allowance a job may take to notice. [s]
double grace_s(double allowance_s) { return std::max(1.0, 0.2 * allowance_s); }

}  // namespace

/// What the thread and the bench share; outlives whoever leaves first.
class Workbench::Shift final : public ChainListener {
 public:
  static std::shared_ptr<Shift> begin(Lake& lake, const TaskTable& tasks,
                                      const WorkerSettings& settings) {
    auto shift = std::make_shared<Shift>();
    std::thread([shift, &lake, &tasks, settings] {
      if (settings.threads > 0) set_thread_count(settings.threads);
      JobExecutor executor(lake, tasks, settings);
      shift->work(executor);
    }).detach();
    return shift;
  }

  void add(const Grant& grant) {
    const std::lock_guard lock(mutex_);
    waiting_.insert(waiting_.end(), grant.begin(), grant.end());
    more_work_.notify_one();
  }

  void collect(std::vector<StepResult>& results, double at_most_s) {
    std::unique_lock lock(mutex_);
    if (results_.empty() && at_most_s > 0.0) {
      more_results_.wait_for(lock, std::chrono::duration<double>(at_most_s),
                             [&] { return !results_.empty(); });
    }
    results.insert(results.end(), results_.begin(), results_.end());
    results_.clear();
  }

  /// Ends the thread after the job that it is running, and waits for that: at most `limit_s`,
  /// unless that is 0. False: the job still runs, and is abandoned.
  bool end(double limit_s) {
    std::unique_lock lock(mutex_);
    closing_ = true;
    waiting_.clear();
    more_work_.notify_one();
    const auto ended = [&] { return ended_; };
    if (limit_s <= 0.0) return ended_signal_.wait(lock, ended), true;
    abandoned_ = !ended_signal_.wait_for(lock, std::chrono::duration<double>(limit_s), ended);
    return !abandoned_;
  }

  /// Gives up on a job that has run for longer than that: tells of it, and returns the chains not
  /// yet begun.
  std::optional<Grant> abandon_after(double limit_s, std::vector<StepResult>& results) {
    const std::lock_guard lock(mutex_);
    const double ran_s = std::chrono::duration<double>(Clock::now() - job_began_).count();
    if (job_ == 0 || ran_s <= limit_s) return std::nullopt;
    abandoned_ = true;
    Outcome outcome = failure(
        job_, ErrorKind::limit,
        "stopped the job (it ran longer than its allowance) set run.time_limit_s if it needs more");
    outcome.wall_s = ran_s;
    results.insert(results.end(), results_.begin(), results_.end());
    results.push_back({0, outcome, true});
    results_.clear();
    return Grant(waiting_.begin(), waiting_.end());
  }

  void job_begins(JobId job) override {
    const std::lock_guard lock(mutex_);
    job_ = job;
    note_running_job(job);
    job_began_ = Clock::now();
  }

  bool job_ended(const Outcome& outcome) override {
    const std::lock_guard lock(mutex_);
    if (abandoned_) return false;
    job_ = 0;
    note_running_job(0);
    report({0, outcome, false});
    return !closing_;
  }

  bool abandoned() const override {
    const std::lock_guard lock(mutex_);
    return abandoned_;
  }

 private:
  void work(JobExecutor& executor) {
    while (const auto ticket = next()) {
      StepResult end{0, {}, true};
      try {
        executor.run(*ticket, *this);
      } catch (const std::exception& error) {
        end.outcome = failure(ticket->first_job, ErrorKind::io, error.what());
      }
      const std::lock_guard lock(mutex_);
      if (abandoned_) return;
      report(end);
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    ended_signal_.notify_all();
  }

  std::optional<ChainTicket> next() {
    std::unique_lock lock(mutex_);
    more_work_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
    if (closing_) return std::nullopt;
    const ChainTicket ticket = waiting_.front();
    waiting_.pop_front();
    return ticket;
  }

  void report(const StepResult& result) {
    results_.push_back(result);
    if (results_.size() == 1) more_results_.notify_one();
  }

  mutable std::mutex mutex_;
  std::condition_variable more_work_, more_results_, ended_signal_;
  std::deque<ChainTicket> waiting_;
  std::vector<StepResult> results_;
  JobId job_ = 0;
  Clock::time_point job_began_;
  bool closing_ = false, abandoned_ = false, ended_ = false;
};

Workbench::Workbench(Lake& lake, const TaskTable& tasks, const WorkerSettings& settings)
    : lake_(lake), tasks_(tasks), settings_(settings), shift_(Shift::begin(lake, tasks, settings)) {
  if (!settings.lake_root.empty())
    leave_crash_notes_in(LakePaths{settings.lake_root}.temporaries());
}

Workbench::~Workbench() {
  const double limit_s = settings_.allowance.time_s;
  if (!shift_->end(limit_s > 0.0 ? limit_s + grace_s(limit_s) : 0.0)) ++g_runaways;
}

void Workbench::add(const Grant& grant) { shift_->add(grant); }

void Workbench::collect(std::vector<StepResult>& results, double at_most_s) {
  const double limit_s = settings_.allowance.time_s;
  // Looks in again at least this often, where a job could overrun.
  shift_->collect(results, limit_s > 0.0 ? std::min(at_most_s, 0.25) : at_most_s);
  if (limit_s <= 0.0) return;
  const auto left = shift_->abandon_after(limit_s + grace_s(limit_s), results);
  if (!left) return;
  ++g_runaways;
  shift_ = Shift::begin(lake_, tasks_, settings_);
  shift_->add(*left);
}

std::size_t runaway_jobs() { return g_runaways; }

}  // namespace polis
