// A program with fake tasks for the tests of ranks and crashes: engine_program FOLDER SCENARIO
//
// Enters the requests of the scenario, runs until nothing is left, and prints the products by key.
// Started again after a crash it goes on. Scenarios: `work` (chains, requests, failures), `bad`
// (every way to go wrong).

#include <filesystem>
#include <iostream>

#include "base/error.h"
#include "jobs/fake_tasks.h"
#include "mpi/program.h"

namespace polis::test {
namespace {

std::vector<Request> work() {
  std::vector<Request> requests;
  for (int group = 0; group < 4; ++group) {
    Request master = request("slow", {{"ms", "20"}, {"text", "master " + std::to_string(group)}});
    master.group = "calibrations";
    requests.push_back(master);
    std::vector<BundleEntry> series;
    for (int frame = 0; frame < 12; ++frame) {
      const std::string name = std::to_string(group) + "." + std::to_string(frame);
      Request calibrated =
          request("slow", {{"ms", std::to_string(3 + 7 * (frame % 3))}, {"text", name}},
                  {from_job(master)});
      calibrated.group = "night " + std::to_string(group);
      calibrated.keep = false;
      Request measured = request("echo", {{"text", name}}, {from_job(calibrated)});
      measured.group = calibrated.group;
      series.push_back(from_job(measured, "frame" + std::to_string(frame)));
      Request more = request("ask", {{"count", "3"}, {"text", name + " child "}},
                             {from_job(calibrated, "frame")});
      more.group = calibrated.group;
      requests.insert(requests.end(), {calibrated, measured, more});
    }
    requests.push_back(request("echo", {{"text", "light curve"}}, series));
  }
  requests.push_back(request("fail"));
  return requests;
}

std::vector<Request> bad() {
  std::vector<Request> requests = {request("fail"),
                                   request("fail", {{"kind", "std"}}),
                                   request("fail", {{"kind", "int"}}),
                                   request("wrong"),
                                   request("wrong", {{"how", "empty"}}),
                                   request("wrong", {{"how", "request"}}),
                                   request("huge", {{"mb", "4000"}}),
                                   request("slow", {{"ms", "60000"}}),
                                   request("slow", {{"ms", "60000"}, {"polite", "false"}}),
                                   request("self"),
                                   request("endless")};
  for (int i = 0; i < 20; ++i) requests.push_back(request("echo", {{"text", std::to_string(i)}}));
  return requests;
}

std::vector<Request> crash() {
  std::vector<Request> requests = {request("crash")};
  for (int i = 0; i < 10; ++i) requests.push_back(request("echo", {{"text", std::to_string(i)}}));
  return requests;
}

std::vector<Request> scenario(std::string_view name) {
  if (name == "bad") return bad();
  return name == "crash" ? crash() : work();
}

class Teller : public RunObserver {
  void job_ended(const Job&, std::string_view task, const Outcome& outcome, bool) override {
    if (!outcome.ok)
      std::cerr << task << ": " << name_of(outcome.error) << ": " << outcome.reason << '\n';
  }
};

int run(int argc, char** argv, const RunnerFactory& make_runner) {
  if (argc != 3) return std::cerr << "usage: engine_program FOLDER SCENARIO\n", 2;
  try {
    const std::string folder = argv[1];
    const bool misbehave = std::string_view(argv[2]) == "bad";
    std::filesystem::create_directories(folder);
    const auto lake = open_disk_lake(folder + "/lake");
    const auto ledger = Ledger::open(folder + "/ledger", 30.0);
    const TaskTable tasks = fake_tasks();
    DriveSettings settings;
    settings.commit_interval_s = 0.05;
    settings.caps.depth = 5;
    settings.lake_root = folder + "/lake";
    WorkerSettings workers{folder + "/lake", {misbehave ? 256U : 0U, misbehave ? 0.5 : 0.0}, 1, 64};
    submit(*ledger, *lake, tasks, scenario(argv[2]), settings.caps, 0.0);
    const auto runner = make_runner(workers, *lake);
    Teller teller;
    const RunReport report = drive(*ledger, *lake, tasks, *runner, settings, teller);
    std::cout << products_of(*ledger);
    std::cerr << report.done << " done, " << report.failed << " failed, " << report.upstream
              << " upstream\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "engine_program: " << error.what() << '\n';
    return 4;
  }
}

}  // namespace
}  // namespace polis::test

int main(int argc, char** argv) {
  return polis::run_program(argc, argv, polis::test::fake_tasks(), polis::test::run);
}
