// What the engine itself costs: no-op jobs through the real ledger, plan, orders, executor and
// drive.
//
//   engine_bench [FOLDER]      FOLDER (default: the temporary one) takes the ledger
// Prints rows `NAME | value unit | peer value | ratio | target`.

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include "jobs/drive.h"
#include "jobs/local_runner.h"
#include "jobs/workbench.h"

namespace {

using namespace polis;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double peak_memory_gb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1024.0 * 1024.0);
}

TaskOutput run_nothing(const Parameters&, Reader&) {
  static const Artifact nothing = Artifact::of("raw_frame", Bytes{});
  return {nothing, {}};
}

constexpr ParameterSpec kNumber[] = {{"number", "0", "makes each job another one"}};
constexpr ParameterSpec kAsk[] = {{"first", "0", "number of its first request"},
                                  {"count", "0", "of requests"}};

Request no_op(std::int64_t number) {
  Request request;
  request.task = "nothing";
  request.parameters = {{"number", std::to_string(number)}};
  request.input.entries = {{"raw", {InputRef::From::lake, digest_of("frame"), "raw_frame"}}};
  request.reason = "new source, 7.1 sigma";
  request.label = "source " + std::to_string(number);
  request.keep = false;
  return request;
}

TaskOutput run_ask(const Parameters& parameters, Reader&) {
  TaskOutput output{Artifact::of("raw_frame", Bytes{}), {}};
  const int first = parameters.integer("first");
  for (int i = 0; i < parameters.integer("count"); ++i) output.requests.push_back(no_op(first + i));
  return output;
}

TaskTable tasks() {
  return TaskTable({{"nothing", 1, "raw_frame", "", kNumber, run_nothing},
                    {"ask", 1, "raw_frame", "", kAsk, run_ask}});
}

/// Notes how long the steps of the run took.
class Watch : public RunObserver {
 public:
  void round_began(const RoundStart& start) override {
    if (start.round == 2) next_round_s = seconds_since(ended_);
    began_ = Clock::now();
    jobs = start.jobs;
  }
  void job_ended(const Job&, std::string_view, const Outcome&, bool) override {
    ended_ = Clock::now();
  }
  void round_ended(const RoundSummary&) override { round_s = seconds_since(began_); }
  double next_round_s = 0.0, round_s = 0.0;
  std::uint64_t jobs = 0;

 private:
  Clock::time_point began_, ended_;
};

void remove_ledger(const std::string& path) {
  for (const char* suffix : {"", "-journal", ".lock"}) std::filesystem::remove(path + suffix);
}

std::string fresh(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/engine_bench." + name;
  remove_ledger(path);
  return path;
}

/// Jobs through one process: ledger on disk, lake in memory, outputs not kept.
void measure_jobs(const std::string& folder) {
  constexpr int kJobs = 300'000;
  const TaskTable table = tasks();
  const auto lake = make_memory_lake();
  const std::string path = fresh(folder, "jobs");
  const auto ledger = Ledger::open(path);
  std::vector<Request> requests;
  for (int i = 0; i < kJobs; ++i) requests.push_back(no_op(i));
  const auto submitted = Clock::now();
  submit(*ledger, *lake, table, requests, {}, 0.0);
  std::printf("engine: requests entered | %.0f requests/s | | |\n",
              kJobs / seconds_since(submitted));
  const auto runner = make_local_runner(*lake, table, {});
  Watch watch;
  const auto began = Clock::now();
  drive(*ledger, *lake, table, *runner, {}, watch);
  const double rate = kJobs / seconds_since(began);
  std::printf("engine: no-op jobs, ledger on, one process | %.0f jobs/s | | | >= 100000\n", rate);
  remove_ledger(path);
}

/// A million requests that a round's jobs made become the next round.
void measure_next_round(const std::string& folder) {
  constexpr int kParents = 1000, kEach = 1000;
  const TaskTable table = tasks();
  const auto lake = make_memory_lake();
  const std::string path = fresh(folder, "round");
  const auto ledger = Ledger::open(path);
  std::vector<Request> requests(kParents);
  for (int i = 0; i < kParents; ++i) {
    requests[static_cast<std::size_t>(i)] = no_op(i);
    requests[static_cast<std::size_t>(i)].task = "ask";
    requests[static_cast<std::size_t>(i)].parameters = {{"first", std::to_string(i * kEach)},
                                                        {"count", std::to_string(kEach)}};
  }
  submit(*ledger, *lake, table, requests, {}, 0.0);
  const auto runner = make_local_runner(*lake, table, {});
  Watch watch;
  DriveSettings settings;
  settings.stop = [&] { return watch.next_round_s > 0.0; };
  drive(*ledger, *lake, table, *runner, settings, watch);
  std::uint64_t held = 0;
  lake->each([&](const LakeEntry& entry) { held += entry.size; });
  std::printf("engine: %llu requests to the next round | %.2f s | | | < 10\n",
              static_cast<unsigned long long>(watch.jobs), watch.next_round_s);
  std::printf(
      "engine: peak memory, without the %.2f GB of the lake that lies in memory here | %.2f GB | | "
      "| < 1\n",
      static_cast<double>(held) / 1e9,
      peak_memory_gb() - static_cast<double>(held) / (1024.0 * 1024.0 * 1024.0));
  remove_ledger(path);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string();
  measure_next_round(folder);
  measure_jobs(folder);
  return 0;
}
