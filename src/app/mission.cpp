#include "app/mission.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>

#include "app/app.h"
#include "app/progress.h"
#include "base/error.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

volatile std::sig_atomic_t g_stop = 0;
void ask_to_stop(int) { g_stop = 1; }

double now_mjd() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return 40587.0 + std::chrono::duration<double>(since_epoch).count() / 86400.0;
}

DriveSettings drive_settings(const Settings& settings, const City& city) {
  DriveSettings drive;
  drive.caps = {static_cast<std::uint64_t>(settings.requests_per_output), settings.request_depth,
                static_cast<std::uint64_t>(settings.requests_total)};
  drive.max_attempts = settings.attempts;
  drive.plan.now_mjd = now_mjd();
  drive.lake_root = city.lake_root();
  drive.stop = [] { return g_stop != 0; };
  return drive;
}

WorkerSettings worker_settings(const Settings& settings, const City& city) {
  WorkerSettings worker;
  worker.lake_root = city.lake_root();
  worker.allowance = {static_cast<std::uint64_t>(settings.memory_mib), settings.time_limit_s};
  worker.threads = settings.threads;
  return worker;
}

void print_report(const RunReport& report) {
  const double all = report.busy_s + report.idle_s;
  std::cout << fmt::format(
      "{} rounds: {} jobs done, {} failed, {} cannot run because of those, {} expired, {} tried "
      "again; {:.1f} s, {:.0f} % idle\n",
      report.rounds, report.done, report.failed, report.upstream, report.expired, report.retried,
      report.wall_s, all > 0.0 ? 100.0 * report.idle_s / all : 0.0);
  if (report.requests.dropped_in_all() > 0) {
    std::cout << report.requests.dropped_in_all() << " requests were dropped:";
    for (const auto& [cause, count] : report.requests.dropped)
      std::cout << ' ' << cause << ' ' << count;
    std::cout << (report.requests.first_invalid.empty()
                      ? ""
                      : "; the first invalid one: " + report.requests.first_invalid)
              << '\n';
  }
  if (report.stopped)
    std::cout << "stopped; " << report.waiting << " jobs wait: the same command goes on\n";
}

void enter(Ledger& ledger, Lake& lake, const TaskTable& tasks, std::span<const Request> requests,
           const DriveSettings& settings) {
  const AdmitReport asked =
      submit(ledger, lake, tasks, requests, settings.caps, settings.plan.now_mjd);
  if (asked.dropped_in_all() > 0) {
    throw Error(ErrorKind::bad_config, "cannot start",
                "a request was refused: " + asked.first_invalid, "see `polis tasks`");
  }
}

/// Plans on a copy of the ledger: the city stays as it is.
int print_plan(const City& city, const Settings& settings, std::span<const Request> requests) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("polis-plan-" + std::to_string(getpid()));
  fs::create_directories(folder);
  if (fs::exists(city.ledger_path()))
    fs::copy_file(city.ledger_path(), folder / "ledger.sqlite",
                  fs::copy_options::overwrite_existing);
  {
    const DriveSettings with = drive_settings(settings, city);
    const std::unique_ptr<Ledger> ledger = Ledger::open((folder / "ledger.sqlite").string());
    enter(*ledger, *make_memory_lake(), TaskTable(all_tasks()), requests, with);
    std::cout << describe_plan(*ledger, with.plan);
  }
  fs::remove_all(folder);
  return kAllDone;
}

}  // namespace

int run_mission(const City& city, Lake& lake, const Settings& settings,
                std::span<const Request> requests, const MissionStyle& style,
                const RunnerFactory& make_runner) {
  if (style.dry_run) return print_plan(city, settings, requests);
  const TaskTable tasks(all_tasks());
  const std::unique_ptr<Ledger> ledger = city.ledger();
  const DriveSettings drive_with = drive_settings(settings, city);
  enter(*ledger, lake, tasks, requests, drive_with);
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  const std::unique_ptr<RunObserver> progress = make_progress(progress_style(style.log_json));
  const std::unique_ptr<Runner> runner = make_runner(worker_settings(settings, city), lake);
  const RunReport report = drive(*ledger, lake, tasks, *runner, drive_with, *progress);
  print_report(report);
  return report.failed + report.upstream > 0 || report.stopped ? kSomeFailed : kAllDone;
}

}  // namespace polis
