#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <set>

#include <fmt/format.h>

#include "app/city.h"
#include "app/night_request.h"
#include "app/progress.h"
#include "app/settings.h"
#include "app/verb.h"
#include "base/error.h"
#include "jobs/drive.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

namespace po = boost::program_options;

volatile std::sig_atomic_t g_stop = 0;
void ask_to_stop(int) { g_stop = 1; }

double now_mjd() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return 40587.0 + std::chrono::duration<double>(since_epoch).count() / 86400.0;
}

po::options_description run_options() {
  po::options_description options("options");
  auto add = options.add_options();
  add("city", po::value<std::string>(), "folder of the city");
  add("config", po::value<std::vector<std::string>>()->composing(), "INI file; several: later ones win");
  add("set", po::value<std::vector<std::string>>()->composing(), "section.key=value, after the files");
  add("night", po::value<std::vector<std::string>>()->composing(), "only exposures of this night (2026-11-25); several are allowed");
  add("site", po::value<std::vector<std::string>>()->composing(), "only exposures of this site; several are allowed");
  add("targets", po::value<std::string>(), "CSV of positions (id,ra,dec) to measure in every frame");
  add("dry-run", po::bool_switch(), "print the plan of the next round, do nothing");
  add("dump-config", po::bool_switch(), "print the complete configuration, do nothing");
  add("log-json", po::bool_switch(), "progress as one JSON object per line");
  return options;
}

DriveSettings drive_settings(const Settings& settings) {
  DriveSettings drive;
  drive.caps = {static_cast<std::uint64_t>(settings.requests_per_output), settings.request_depth,
                static_cast<std::uint64_t>(settings.requests_total)};
  drive.max_attempts = settings.attempts;
  drive.plan.now_mjd = now_mjd();
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
  std::cout << fmt::format("{} rounds: {} jobs done, {} failed, {} cannot run because of those, {} expired, {} tried again; {:.1f} s, {:.0f} % idle\n",
                           report.rounds, report.done, report.failed, report.upstream, report.expired, report.retried,
                           report.wall_s, all > 0.0 ? 100.0 * report.idle_s / all : 0.0);
  if (report.requests.dropped_in_all() > 0) {
    std::cout << report.requests.dropped_in_all() << " requests were dropped:";
    for (const auto& [cause, count] : report.requests.dropped) std::cout << ' ' << cause << ' ' << count;
    std::cout << (report.requests.first_invalid.empty() ? "" : "; the first invalid one: " + report.requests.first_invalid) << '\n';
  }
  if (report.stopped) std::cout << "stopped; " << report.waiting << " jobs wait: the same command goes on\n";
}

int run_run(const std::vector<std::string>& words, const RunnerFactory& make_runner) {
  const Arguments arguments(run_verb, run_options(), "", words);
  if (arguments.help_shown()) return kAllDone;
  const TaskTable tasks(all_tasks());
  const Settings settings = read_settings(tasks, arguments.list("config"), arguments.list("set"));
  if (arguments.flag("dump-config")) {
    std::cout << dump_settings(settings, tasks);
    return kAllDone;
  }
  const City city = City::open(arguments.text("city"), false);
  const std::unique_ptr<Lake> lake = city.lake();
  const NightChoice choice{arguments.list("night"), arguments.list("site"), arguments.has("targets") ? arguments.text("targets") : ""};
  const Request request = night_request(city, *lake, settings, choice);
  const std::unique_ptr<Ledger> ledger = city.ledger();
  DriveSettings drive_with = drive_settings(settings);
  const AdmitReport asked = submit(*ledger, *lake, tasks, std::span(&request, 1), drive_with.caps, drive_with.plan.now_mjd);
  if (asked.dropped_in_all() > 0) {
    throw Error(ErrorKind::bad_config, "cannot start the night", "its request was refused: " + asked.first_invalid, "see `polis tasks`");
  }
  if (arguments.flag("dry-run")) {
    std::cout << describe_plan(*ledger, drive_with.plan);
    return kAllDone;
  }
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  const std::unique_ptr<Observer> progress = make_progress(progress_style(arguments.flag("log-json")));
  const std::unique_ptr<Runner> runner = make_runner(worker_settings(settings, city), *lake);
  const RunReport report = drive(*ledger, *lake, tasks, *runner, drive_with, *progress);
  print_report(report);
  return report.failed + report.upstream > 0 || report.stopped ? kSomeFailed : kAllDone;
}

}  // namespace

const Verb run_verb{"run", "run --city DIR [--config FILE] [--set section.key=value] [--dry-run]",
                    "processes what was ingested, round by round, until nothing is left; resumes", run_run};

}  // namespace polis
