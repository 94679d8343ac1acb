// Where the master saturates: the real admission, plan, schedule, ledger and drive against
// simulated ranks.
//
//   scaling_bench [JOBS RANKS CHAIN_S]      default: a sweep, then 10^7 jobs on 10,000 ranks (about
//   5 GB of memory
//                                           and of the temporary folder, some minutes)
// A chain is five jobs on one frame; how long it takes is log-normal with a heavy tail (sigma 1 in
// ln), and what the plan believes is wrong by 35 % (sigma 0.3). 50 chains share calibrations. Rows
// are explained in docs/scaling.md.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unordered_map>

#include "base/random.h"
#include "jobs/drive.h"
#include "jobs/order.h"
#include "jobs/simulated_runner.h"

namespace {

using namespace polis;

constexpr int kChainSteps = 5;
constexpr double kTail = 1.0, kBeliefError = 0.3;
constexpr double kLatency_s = 1e-3;

/// Takes whatever it is given, and of orders keeps which jobs are in which chain.
class OrderShelf final : public Lake {
 public:
  using Lake::put;
  Digest put(std::string_view kind, ByteView bytes) override {
    if (kind != "order") return digest_of(bytes.first(std::min<std::size_t>(bytes.size(), 64)));
    const Digest digest = digest_of(bytes);
    const Order order(Bytes(bytes.begin(), bytes.end()));
    auto& first_jobs = shelf_[digest];
    for (std::size_t i = 0; i < order.chains(); ++i) first_jobs.push_back(order.jobs(i).front());
    return digest;
  }
  bool has(const Digest&) const override { return false; }
  Artifact get(const Digest&, std::string_view) const override { std::abort(); }
  void each(const std::function<void(const LakeEntry&)>&) const override {}
  JobId first_job(const ChainTicket& ticket) const { return shelf_.at(ticket.order)[ticket.chain]; }

 private:
  std::unordered_map<Digest, std::vector<JobId>> shelf_;
};

TaskOutput run_nothing(const Parameters&, Reader&) { return {}; }
constexpr ParameterSpec kStep[] = {{"step", "0", "of the chain"}};

TaskTable tasks() { return TaskTable({{"step", 1, "frame", "", kStep, run_nothing}}); }

double log_normal(RandomStream& stream, double sigma) {
  return std::exp(sigma * stream.normal() - 0.5 * sigma * sigma);
}

double true_chain_s(std::uint64_t chain, double mean_s) {
  RandomStream stream(1, "chain", chain);
  return mean_s * log_normal(stream, kTail);
}

void enter(Ledger& ledger, Lake& lake, const TaskTable& table, std::uint64_t first,
           std::uint64_t end) {
  std::vector<Request> requests;
  for (std::uint64_t chain = first; chain < end; ++chain) {
    RandomStream stream(1, "belief", chain);
    const double cost = true_chain_s(chain, 1.0) * log_normal(stream, kBeliefError) / kChainSteps;
    BundleEntry input{"raw", {InputRef::From::lake, digest_of(std::to_string(chain)), "raw_frame"}};
    for (int step = 0; step < kChainSteps; ++step) {
      Request& request = requests.emplace_back();
      request.task = "step";
      request.parameters = {{"step", std::to_string(step)}};
      request.input.entries = {input};
      request.cost = cost;
      request.group = "night " + std::to_string(chain / 50);
      request.keep = false;
      input = {"previous", {InputRef::From::job, table.key_of(request), "frame"}};
    }
  }
  submit(ledger, lake, table, requests, {.total = 100'000'000}, 0.0);
}

void simulate(std::uint64_t jobs, std::size_t ranks, double chain_s) {
  const std::string path =
      std::filesystem::temp_directory_path().string() + "/scaling_bench.ledger";
  for (const char* suffix : {"", "-journal", ".lock"}) std::filesystem::remove(path + suffix);
  const auto ledger = Ledger::open(path);
  OrderShelf shelf;
  const TaskTable table = tasks();
  const std::uint64_t chains = jobs / kChainSteps;
  for (std::uint64_t first = 0; first < chains; first += 20'000) {
    enter(*ledger, shelf, table, first, std::min(first + 20'000, chains));
  }
  SimulatedRunner runner(ranks, kLatency_s, [&](const ChainTicket& ticket) {
    const JobId first = shelf.first_job(ticket);
    std::vector<SimulatedStep> steps;
    const double step_s = true_chain_s((first - 1) / kChainSteps, chain_s) / kChainSteps;
    for (JobId step = 0; step < kChainSteps; ++step) steps.push_back({first + step, step_s});
    return steps;
  });
  RunObserver quiet;
  DriveSettings settings;
  settings.caps.total = 100'000'000;
  // In simulated time a commit each half second would be millions; here each holds as many results
  // as in a busy run.
  const double wall_s = static_cast<double>(chains) * chain_s / static_cast<double>(ranks);
  settings.commit_interval_s = std::max(settings.commit_interval_s, wall_s / 200.0);
  const RunReport report = drive(*ledger, shelf, table, runner, settings, quiet);
  double longest_s = 0.0, sum_s = 0.0;
  for (std::uint64_t chain = 0; chain < chains; ++chain) {
    const double time_s = true_chain_s(chain, chain_s);
    longest_s = std::max(longest_s, time_s);
    sum_s += time_s;
  }
  // No plan can be faster than the even share of the work, nor than the longest chain.
  const double bound_s = std::max(longest_s, sum_s / static_cast<double>(ranks));
  const double idle = report.idle_s / (report.idle_s + report.busy_s);
  const double unavoidable = 1.0 - sum_s / (static_cast<double>(ranks) * bound_s);
  std::printf(
      "scaling: %.0e jobs, %zu ranks, chains of %.3g s: idle (at best) | %.1f %% | %.1f %% | %.2f "
      "| <= 5 %%\n",
      static_cast<double>(report.done), ranks, chain_s, 100.0 * idle, 100.0 * unavoidable,
      report.wall_s / bound_s);
  std::printf(
      "same: wall %.1f s, at best %.1f s; master busy %.1f s (%.1f %%), %.1f us/job, %.2f "
      "messages/job\n",
      report.wall_s, bound_s, runner.master_busy_s(),
      100.0 * runner.master_busy_s() / report.wall_s,
      1e6 * runner.master_busy_s() / static_cast<double>(report.done),
      static_cast<double>(runner.messages()) / static_cast<double>(report.done));
  std::fflush(stdout);
  for (const char* suffix : {"", "-journal", ".lock"}) std::filesystem::remove(path + suffix);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4) {
    simulate(std::strtoull(argv[1], nullptr, 10), std::strtoull(argv[2], nullptr, 10),
             std::atof(argv[3]));
    return 0;
  }
  for (const std::size_t ranks : {10U, 100U, 1000U}) simulate(1'000'000, ranks, 10.0);
  simulate(1'000'000, 10'000, 100.0);
  for (const double chain_s : {10.0, 1.0, 0.3, 0.1}) simulate(4'000'000, 10'000, chain_s);
  simulate(10'000'000, 10'000, 100.0);
  return 0;
}
