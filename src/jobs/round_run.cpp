#include "jobs/round_run.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace polis {
namespace {

constexpr double kTellInterval_s = 0.1;
constexpr double kLongestWait_s = 0.1;

std::uint64_t jobs_in(const std::vector<OpenChain>& chains) {
  std::uint64_t jobs = 0;
  for (const OpenChain& chain : chains) jobs += chain.jobs;
  return jobs;
}

}  // namespace

RoundRun::RoundRun(Ledger& ledger, const Lake& lake, Runner& runner, const DriveSettings& settings,
                   RunObserver& observer, RunReport& report, std::vector<OpenChain> chains)
    : ledger_(ledger),
      lake_(lake),
      runner_(runner),
      settings_(settings),
      observer_(observer),
      report_(report),
      schedule_(chains, runner.workers()),
      hungry_(runner.workers()),
      is_hungry_(runner.workers(), 1) {
  summary_.round = ledger.last_round();
  summary_.jobs = jobs_in(chains);
  std::iota(hungry_.begin(), hungry_.end(), std::size_t{0});
  began_s_ = committed_s_ = told_s_ = runner.now_s();
}

bool RoundRun::run() {
  std::vector<StepResult> results;
  while (!schedule_.finished()) {
    if (disk_full_ || (settings_.stop && settings_.stop())) break;
    grant();
    results.clear();
    runner_.wait(results, std::min(kLongestWait_s, settings_.commit_interval_s));
    for (const StepResult& result : results) take(result);
    commit_if_due();
  }
  summary_.wall_s = runner_.now_s() - began_s_;
  summary_.idle_s =
      std::max(0.0, static_cast<double>(runner_.workers()) * summary_.wall_s - summary_.busy_s);
  ledger_.commit();
  return schedule_.finished();
}

void RoundRun::grant() {
  for (const std::size_t worker : hungry_) {
    is_hungry_[worker] = 0;
    const Grant grant = schedule_.next(worker);
    if (!grant.empty()) runner_.grant(worker, grant);
  }
  hungry_.clear();
}

void RoundRun::take(const StepResult& result) {
  if (result.chain_ended) {
    schedule_.ended(result.worker);
    if (is_hungry_[result.worker] == 0) {
      is_hungry_[result.worker] = 1;
      hungry_.push_back(result.worker);
    }
  }
  if (result.outcome.job == 0) return;
  Outcome outcome = result.outcome;
  outcome.worker = result.worker;
  ledger_.record(outcome);
  summary_.busy_s += outcome.wall_s;
  if (!outcome.ok) return failed(outcome);
  ++summary_.done;
  const Job& job = ledger_.book().at(outcome.job);
  observer_.job_ended(job, ledger_.book().text(job.task), outcome, true);
}

void RoundRun::failed(const Outcome& outcome) {
  const bool again = tries_again(outcome);
  if (again) {
    ++report_.retried;
  } else {
    ledger_.set_state(outcome.job, JobState::held, outcome.reason);
    ++summary_.failed;
  }
  const Job& job = ledger_.book().at(outcome.job);
  observer_.job_ended(job, ledger_.book().text(job.task), outcome, !again);
}

bool RoundRun::tries_again(const Outcome& outcome) {
  if (outcome.error == ErrorKind::no_space) {
    // Every other job would fail of it too: stop, so that people make room, and lose nothing.
    if (!disk_full_) observer_.note("the disk is full: stopping. " + outcome.reason);
    return disk_full_ = true;
  }
  if (ledger_.book().at(outcome.job).attempts >= settings_.max_attempts) return false;
  switch (outcome.error) {
    case ErrorKind::io:
      return true;
    case ErrorKind::damaged:
    case ErrorKind::not_found:
      return remake_lost_inputs(outcome.job);
    default:
      return false;
  }
}

/// An input that the ledger says is there may have been set aside as damaged: then its job runs
/// again first.
bool RoundRun::remake_lost_inputs(JobId job) {
  std::vector<Digest> lost;
  for (const JobId source : ledger_.book().sources(job)) {
    const Digest& output = ledger_.book().at(source).output;
    if (!output.is_zero() && !lake_.has(output)) lost.push_back(output);
  }
  if (lost.empty()) return false;
  observer_.note(std::to_string(lost.size()) +
                 " inputs of a job are no longer in the lake: they are made again");
  return ledger_.forget_outputs(lost) > 0;
}

void RoundRun::commit_if_due() {
  const double now = runner_.now_s();
  if (now - committed_s_ >= settings_.commit_interval_s) {
    ledger_.commit();
    committed_s_ = runner_.now_s();
  }
  if (now - told_s_ < kTellInterval_s) return;
  told_s_ = now;
  observer_.progress(summary_.done + summary_.failed, summary_.jobs);
}

}  // namespace polis
