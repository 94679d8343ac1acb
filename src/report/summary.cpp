#include "report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <tuple>

#include "report/json_line.h"

namespace polis {
namespace {

constexpr std::array<JobState, 5> kStates{JobState::done, JobState::waiting, JobState::held,
                                          JobState::upstream, JobState::expired};

std::string first_word(const std::string& label) { return label.substr(0, label.find(' ')); }

void add_failure(std::map<std::tuple<std::string, std::string, std::string>, FailureRow>& rows,
                 const JobView& job) {
  FailureRow& row = rows[{first_word(job.label), job.task, job.reason}];
  if (row.count++ == 0) row = {first_word(job.label), job.task, job.reason, 1, job.label};
}

std::uint64_t count_in(const std::map<JobState, std::uint64_t>& states, JobState state) {
  const auto found = states.find(state);
  return found == states.end() ? 0 : found->second;
}

std::string states_json(const std::map<JobState, std::uint64_t>& states) {
  JsonLine line;
  for (const JobState state : kStates) line.count(name_of(state), count_in(states, state));
  return line.finish();
}

template <class Rows, class ToJson>
std::string array_json(const Rows& rows, ToJson to_json) {
  std::string text = "[";
  for (const auto& row : rows) text.append(text.size() > 1 ? ", " : "").append(to_json(row));
  return text + "]";
}

std::string round_json(const RoundSummary& r) {
  return JsonLine()
      .count("round", static_cast<std::uint64_t>(r.round))
      .flag("closed", r.closed)
      .count("jobs", r.jobs)
      .count("done", r.done)
      .count("failed", r.failed)
      .count("asked", r.asked)
      .count("admitted", r.admitted)
      .count("dropped", r.dropped)
      .number("wall_s", r.wall_s)
      .number("busy_s", r.busy_s)
      .number("idle_s", r.idle_s)
      .finish();
}

std::string failure_json(const FailureRow& f) {
  return JsonLine()
      .text("site", f.site)
      .text("task", f.task)
      .text("reason", f.reason)
      .count("count", f.count)
      .text("example", f.example)
      .finish();
}

void rounds_text(std::ostringstream& out, const std::vector<RoundSummary>& rounds) {
  if (rounds.empty()) return;
  out << "\nround     jobs     done   failed  asked for   wall s   idle\n";
  for (const RoundSummary& r : rounds) {
    const double all = r.busy_s + r.idle_s;
    out << fmt::format("{:>5} {:>8} {:>8} {:>8} {:>10} {:>8.2f} {:>5.0f}%{}\n", r.round, r.jobs,
                       r.done, r.failed, r.asked, r.wall_s,
                       all > 0.0 ? 100.0 * r.idle_s / all : 0.0, r.closed ? "" : "  (open)");
  }
}

}  // namespace

std::uint64_t Summary::of(JobState state) const { return count_in(jobs, state); }

Summary summarise(const LedgerReader& ledger) {
  Summary summary;
  summary.jobs = ledger.jobs_by_state();
  summary.by_task = ledger.jobs_by_task();
  summary.rounds = ledger.rounds();
  summary.dropped = ledger.dropped();
  std::map<std::tuple<std::string, std::string, std::string>, FailureRow> failures;
  ledger.each_job({}, std::nullopt, [&](const JobView& job) {
    summary.output_bytes += job.output_bytes;
    summary.job_seconds += job.wall_s;
    if (job.state == JobState::held) add_failure(failures, job);
  });
  for (auto& [key, row] : failures) summary.failures.push_back(std::move(row));
  std::stable_sort(summary.failures.begin(), summary.failures.end(),
                   [](const FailureRow& a, const FailureRow& b) { return a.count > b.count; });
  return summary;
}

std::string summary_text(const Summary& s, std::size_t max_failures) {
  std::ostringstream out;
  out << fmt::format(
      "jobs: {} done, {} waiting, {} failed, {} cannot run because of those, {} expired; {:.1f} "
      "MiB of products, {:.1f} s of work\n",
      s.of(JobState::done), s.of(JobState::waiting), s.of(JobState::held), s.of(JobState::upstream),
      s.of(JobState::expired), static_cast<double>(s.output_bytes) / 1048576.0, s.job_seconds);
  out << "\ntask                       done  waiting   failed  blocked\n";
  for (const auto& [task, states] : s.by_task) {
    out << fmt::format("{:<22} {:>8} {:>8} {:>8} {:>8}\n", task, count_in(states, JobState::done),
                       count_in(states, JobState::waiting), count_in(states, JobState::held),
                       count_in(states, JobState::upstream));
  }
  rounds_text(out, s.rounds);
  if (!s.failures.empty()) out << "\nfailures by site and reason\n";
  for (std::size_t i = 0; i < std::min(max_failures, s.failures.size()); ++i) {
    const FailureRow& f = s.failures[i];
    out << fmt::format("{:>6} x {} {}: {} [first: {}]\n", f.count, f.site, f.task, f.reason,
                       f.example);
  }
  if (s.failures.size() > max_failures)
    out << "   ... and " << s.failures.size() - max_failures << " more kinds: --json lists all\n";
  for (const DroppedView& d : s.dropped)
    out << fmt::format("dropped: {} requests ({})\n", d.count, d.cause);
  return out.str();
}

std::string summary_json(const Summary& s) {
  JsonLine tasks;
  for (const auto& [task, states] : s.by_task) tasks.raw(task, states_json(states));
  return JsonLine()
      .raw("jobs", states_json(s.jobs))
      .raw("tasks", tasks.finish())
      .raw("rounds", array_json(s.rounds, round_json))
      .raw("failures", array_json(s.failures, failure_json))
      .raw("dropped",
           array_json(s.dropped,
                      [](const DroppedView& d) {
                        return JsonLine().text("cause", d.cause).count("count", d.count).finish();
                      }))
      .count("output_bytes", s.output_bytes)
      .number("job_seconds", s.job_seconds)
      .finish();
}

}  // namespace polis
