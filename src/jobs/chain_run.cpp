#include "jobs/chain_run.h"

#include <algorithm>
#include <new>

#include "base/error.h"
#include "jobs/job_reader.h"
#include "jobs/request_list.h"

namespace polis {
namespace {

constexpr std::size_t kMaxReason = 500;
constexpr std::size_t kMaxHeldRecipes = 4;

/// Cut at a whole UTF-8 character.
std::string shorten(std::string text) {
  if (text.size() <= kMaxReason) return text;
  std::size_t end = kMaxReason;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

void fail(Outcome& outcome, ErrorKind kind, std::string reason) {
  outcome = failure(outcome.job, kind, shorten(std::move(reason)));
}

const Artifact& checked(const Task& task, const TaskOutput& output) {
  if (output.artifact.empty()) {
    throw Error(ErrorKind::internal, "cannot use the output of " + std::string(task.name),
                "it returned nothing");
  }
  if (output.artifact.kind() != task.output_kind) {
    throw Error(ErrorKind::internal, "cannot use the output of " + std::string(task.name),
                "it returned a " + output.artifact.kind() + " where it declares a " +
                    std::string(task.output_kind));
  }
  return output.artifact;
}

}  // namespace

ChainRun::ChainRun(Lake& lake, const TaskTable& tasks, const WorkerSettings& settings,
                   ArtifactCache& cache, const OrderChain& chain, std::uint64_t done_steps)
    : lake_(lake),
      tasks_(tasks),
      settings_(settings),
      cache_(cache),
      chain_(chain),
      done_steps_(done_steps) {
  for (const OrderStep& step : chain.recipes) products_[step.key].step = &step;
  for (const OrderStep& step : chain.steps) products_[step.key].step = &step;
  const auto count_inputs = [&](const OrderStep& step) {
    for (const BundleEntry& entry : step.spec.input.entries) {
      const auto product = products_.find(entry.ref.name);
      if (product != products_.end()) ++product->second.consumers;
    }
  };
  // A recipe counts too: it runs at most once, when first needed.
  std::for_each(chain.recipes.begin(), chain.recipes.end(), count_inputs);
  std::for_each(chain.steps.begin(), chain.steps.end(), count_inputs);
}

bool ChainRun::can_run(std::size_t step) {
  const OrderStep& wanted = chain_.steps[step];
  Product& mine = products_.at(wanted.key);
  mine.failed = std::any_of(wanted.inputs.begin(), wanted.inputs.end(), [&](const Resolved& input) {
    const auto index = static_cast<std::size_t>(&input - wanted.inputs.data());
    const auto product = products_.find(wanted.spec.input.entries[index].ref.name);
    return input.where == Resolved::Where::memory && product != products_.end() &&
           product->second.failed;
  });
  return !mine.failed;
}

Artifact ChainRun::open(const OrderStep& step, std::size_t input, const AllowanceGuard& guard) {
  const InputRef& ref = step.spec.input.entries[input].ref;
  const Resolved& resolved = step.inputs[input];
  if (resolved.where == Resolved::Where::lake) return cache_.open(lake_, resolved.digest, ref.kind);
  const auto found = products_.find(ref.name);
  if (resolved.where == Resolved::Where::missing || found == products_.end()) {
    throw Error(ErrorKind::not_found, "cannot open " + ref.kind + " " + ref.name.short_hex(),
                "the job that makes it failed");
  }
  Product& product = found->second;
  if (product.artifact.empty()) {
    const Artifact made = produce(*product.step, guard).artifact;
    // Frames made again are not held where there are many: a rank's memory must not grow with their
    // number.
    if (product.consumers <= 1 || chain_.recipes.size() > kMaxHeldRecipes) return made;
    product.artifact = made;
  }
  return product.artifact;
}

TaskOutput ChainRun::produce(const OrderStep& step, const AllowanceGuard& guard) {
  const Task& task = tasks_.at(step.spec.task);
  if (task.version != step.spec.version) {
    throw Error(ErrorKind::bad_config,
                "cannot run " + step.spec.task + " version " + std::to_string(step.spec.version),
                "this program has version " + std::to_string(task.version),
                "enter the requests again");
  }
  const Parameters parameters(step.spec.task, step.spec.parameters);
  JobReader reader(*this, step, guard);
  TaskOutput output = task.run(parameters, reader);
  Facts facts = provenance_of(task, parameters, step.key, step.spec.input);
  output.artifact = checked(task, output).with_provenance(std::move(facts));
  return output;
}

Outcome ChainRun::run(std::size_t index, const ChainListener& listener) {
  const OrderStep& step = chain_.steps[index];
  Outcome outcome;
  outcome.job = step.job;
  const AllowanceGuard guard(settings_.allowance);
  try {
    store(step, produce(step, guard), listener, outcome);
    guard.check();
    outcome.ok = true;
  } catch (const Error& error) {
    fail(outcome, error.kind(), error.what());
  } catch (const std::bad_alloc&) {
    fail(outcome, ErrorKind::limit,
         "stopped the job (it needs more memory than its allowance of " +
             std::to_string(settings_.allowance.memory_mb) +
             " MiB, or than there is) set run.memory_mib if it needs more");
  } catch (const std::exception& error) {
    fail(outcome, ErrorKind::internal, std::string("the task failed (") + error.what() + ")");
  } catch (...) {
    fail(outcome, ErrorKind::internal, "the task failed (it threw something that is no exception)");
  }
  if (!outcome.ok) products_.at(step.key).failed = true;
  outcome.wall_s = guard.elapsed_s();
  release_inputs(step);
  return outcome;
}

void ChainRun::store(const OrderStep& step, TaskOutput output, const ChainListener& listener,
                     Outcome& outcome) {
  for (const Request& request : output.requests)
    tasks_.key_of(request);  // nonsense is the job's own failure
  if (listener.abandoned())
    throw Error(ErrorKind::limit, "stopped the job", "it ran longer than its allowance");
  Product& product = products_.at(step.key);
  if (product.consumers > 0) product.artifact = output.artifact;
  if (step.keep) {
    outcome.output_bytes = output.artifact.bytes().size();
    outcome.output = lake_.put(output.artifact);
    output.artifact.drop_bytes();
  }
  if (output.requests.empty()) return;
  outcome.request_count = static_cast<std::uint32_t>(output.requests.size());
  outcome.requests = lake_.put("requests", pack_requests(output.requests));
}

void ChainRun::release_inputs(const OrderStep& step) {
  for (const BundleEntry& entry : step.spec.input.entries) {
    const auto product = products_.find(entry.ref.name);
    if (product == products_.end() || product->second.consumers == 0) continue;
    if (--product->second.consumers == 0) product->second.artifact = {};
  }
}

}  // namespace polis
