#include "jobs/drive.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"
#include "jobs/crash_note.h"
#include "jobs/manifest_writer.h"
#include "jobs/order.h"
#include "jobs/request_list.h"
#include "jobs/round_run.h"
#include "lake/disk_lake.h"
#include "lake/paths.h"

namespace polis {
namespace {

OpenChain open_chain(const JobBook& book, const Digest& order, std::size_t chain,
                     const std::vector<JobId>& jobs) {
  OpenChain open;
  open.ticket = {order, static_cast<std::uint32_t>(chain), jobs.front(), 0};
  open.group = book.at(jobs.front()).group;
  open.priority = book.at(jobs.front()).priority;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const Job& job = book.at(jobs[i]);
    open.priority = std::max(open.priority, job.priority);
    if (job.state == JobState::waiting) {
      open.cost += job.cost;
      ++open.jobs;
    } else {
      open.ticket.done_steps |= std::uint64_t{1} << i;
    }
  }
  return open;
}

/// What is left of a round that a crash left open.
std::vector<OpenChain> chains_of(const RoundRecord& round, const JobBook& book, const Lake& lake) {
  std::vector<OpenChain> chains;
  for (const Digest& digest : round.orders) {
    const Order order = read_order(lake, digest);
    for (std::size_t i = 0; i < order.chains(); ++i) {
      OpenChain chain = open_chain(book, digest, i, order.jobs(i));
      if (chain.jobs > 0) chains.push_back(chain);
    }
  }
  return chains;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

class Driver {
 public:
  Driver(Ledger& ledger, Lake& lake, const TaskTable& tasks, Runner& runner,
         const DriveSettings& settings, RunObserver& observer)
      : ledger_(ledger),
        lake_(lake),
        tasks_(tasks),
        runner_(runner),
        settings_(settings),
        observer_(observer) {}

  RunReport run() {
    const double began_s = runner_.now_s();
    ledger_.begin_session(host_name(), code_version(), runner_.workers());
    if (!settings_.lake_root.empty()) look_after_crashes();
    while (auto chains = next_round()) {
      RoundRun round(ledger_, lake_, runner_, settings_, observer_, report_, std::move(*chains));
      const bool ended = round.run();
      add_up(round.summary());
      report_.stopped = !ended || report_.rounds >= settings_.max_rounds;
      if (ended) close(round.summary());
      if (report_.stopped) break;
    }
    ledger_.end_session();
    ledger_.commit();
    report_.wall_s = runner_.now_s() - began_s;
    report_.waiting = count_waiting();
    return report_;
  }

 private:
  /// An attempt that ended the process is an attempt too: a job that does so every time must be
  /// held at last.
  void look_after_crashes() {
    remove_stale_temporaries(settings_.lake_root);
    for (const JobId job : take_crash_notes(LakePaths{settings_.lake_root}.temporaries())) {
      if (job > ledger_.book().last() || ledger_.book().at(job).state != JobState::waiting)
        continue;
      const std::string reason = "the job ended its process (an error in the task or in a library)";
      ledger_.record(failure(job, ErrorKind::internal, reason));
      observer_.note("job " + std::to_string(job) + ": " + reason);
      if (ledger_.book().at(job).attempts >= settings_.max_attempts) {
        ledger_.set_state(job, JobState::held, reason);
      }
    }
    ledger_.commit();
  }

  /// Decide. Nothing: all is done.
  std::optional<std::vector<OpenChain>> next_round() {
    std::optional<RoundRecord> round = ledger_.open_round();
    const bool resumed = round.has_value();
    std::vector<OpenChain> chains;
    if (resumed) {
      chains = chains_of(*round, ledger_.book(), lake_);
    } else {
      const RoundPlan plan = decide(ledger_.book(), settings_.plan);
      give_up(plan);
      if (plan.chains.empty()) return std::nullopt;
      round = begin(plan, chains);
    }
    ledger_.commit();
    tell(*round, chains, resumed);
    return chains;
  }

  RoundRecord begin(const RoundPlan& plan, std::vector<OpenChain>& chains) {
    RoundRecord round{ledger_.last_round() + 1, {}};
    round.orders = write_orders(round.round, plan.chains, ledger_, lake_);
    for (std::size_t i = 0; i < plan.chains.size(); ++i) {
      const Digest& order = round.orders[i / kChainsPerOrder];
      chains.push_back(
          open_chain(ledger_.book(), order, i % kChainsPerOrder, plan.chains[i].steps));
      chains.back().cost = plan.chains[i].cost;
    }
    ledger_.begin_round(round, plan.jobs());
    return round;
  }

  void give_up(const RoundPlan& plan) {
    for (const JobId job : plan.expired)
      ledger_.set_state(job, JobState::expired, "its deadline passed before it ran");
    for (const JobId job : plan.upstream)
      ledger_.set_state(job, JobState::upstream, upstream_reason(job));
    report_.expired += plan.expired.size();
    report_.upstream += plan.upstream.size();
  }

  std::string upstream_reason(JobId job) const {
    const JobBook& book = ledger_.book();
    for (const JobId source : book.sources(job)) {
      const JobState state = book.at(source).state;
      if (state == JobState::waiting || state == JobState::done) continue;
      return "it needs the output of job " + std::to_string(source) + " (" +
             book.text(book.at(source).task) + "), which is " + std::string(name_of(state));
    }
    return "it needs the output of a job that will not run";
  }

  void tell(const RoundRecord& round, const std::vector<OpenChain>& chains, bool resumed) {
    RunObserver::RoundStart start{round.round, resumed, 0, chains.size(), 0.0};
    for (const OpenChain& chain : chains) {
      start.jobs += chain.jobs;
      start.cost += chain.cost;
    }
    observer_.round_began(start);
  }

  /// Remember: what the round's jobs ask for becomes jobs of the next, in one transaction with the
  /// round's end.
  void close(RoundSummary summary) {
    summary.closed = true;
    const AdmitReport asked = admit_requests(summary.round);
    summary.asked = asked.asked;
    summary.admitted = asked.admitted;
    summary.dropped = asked.dropped_in_all();
    ledger_.close_round(summary);
    ledger_.commit();
    report_.requests += asked;
    observer_.round_ended(summary);
  }

  AdmitReport admit_requests(int round) {
    AdmitReport report;
    ManifestWriter manifest(ledger_, lake_, round);
    for (const Asking& asking : ledger_.asking()) {
      auto requests = unpack_requests(lake_.get(asking.requests, "requests").bytes());
      report +=
          admit(ledger_, tasks_, asking.job, requests, settings_.caps, settings_.plan.now_mjd);
      manifest.add(std::move(requests));
    }
    manifest.flush();
    return report;
  }

  void add_up(const RoundSummary& summary) {
    ++report_.rounds;
    report_.done += summary.done;
    report_.failed += summary.failed;
    report_.busy_s += summary.busy_s;
    report_.idle_s += summary.idle_s;
  }

  std::uint64_t count_waiting() const {
    std::uint64_t waiting = 0;
    for (JobId id = 1; id <= ledger_.book().last(); ++id)
      waiting += ledger_.book().at(id).state == JobState::waiting;
    return waiting;
  }

  Ledger& ledger_;
  Lake& lake_;
  const TaskTable& tasks_;
  Runner& runner_;
  const DriveSettings& settings_;
  RunObserver& observer_;
  RunReport report_;
};

}  // namespace

AdmitReport submit(Ledger& ledger, Lake& lake, const TaskTable& tasks,
                   std::span<const Request> requests, const RequestCaps& caps, double now_mjd) {
  ManifestWriter manifest(ledger, lake, 0);
  manifest.add({requests.begin(), requests.end()});
  manifest.flush();
  const AdmitReport report = admit(ledger, tasks, 0, requests, caps, now_mjd);
  ledger.commit();
  return report;
}

RunReport drive(Ledger& ledger, Lake& lake, const TaskTable& tasks, Runner& runner,
                const DriveSettings& settings, RunObserver& observer) {
  return Driver(ledger, lake, tasks, runner, settings, observer).run();
}

}  // namespace polis
