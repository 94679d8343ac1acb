#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "base/error.h"
#include "jobs/fake_tasks.h"

namespace polis::test {

int g_flaky_failures = 0;

namespace {

TaskOutput document(std::string text) { return {Artifact::of("document", "\"" + text + "\""), {}}; }

std::string inputs_text(Reader& reader) {
  std::string text;
  for (const BundleEntry& entry : reader.bundle().entries) {
    if (entry.role == "start" || !reader.has(entry.ref)) continue;
    text += " " + digest_of(reader.open(entry.ref).as<std::string>()).short_hex();
  }
  return text;
}

TaskOutput run_echo(const Parameters& parameters, Reader& reader) {
  return document(parameters.text("text") + inputs_text(reader));
}

TaskOutput run_ask(const Parameters& parameters, Reader& reader) {
  TaskOutput output = document("asked");
  for (int i = 0; i < parameters.integer("count"); ++i) {
    Request child = request("echo", {{"text", parameters.text("text") + std::to_string(i)}},
                            reader.bundle().entries);
    child.reason = "child " + std::to_string(i);
    output.requests.push_back(std::move(child));
  }
  return output;
}

TaskOutput run_endless(const Parameters& parameters, Reader& reader) {
  TaskOutput output = document("step " + parameters.text("step"));
  const std::string next = std::to_string(parameters.integer("step") + 1);
  output.requests.push_back(request("endless", {{"step", next}}, reader.bundle().entries));
  return output;
}

TaskOutput run_self(const Parameters&, Reader& reader) {
  TaskOutput output = document("self");
  output.requests.push_back(request("self", {}, reader.bundle().entries));
  return output;
}

TaskOutput run_fail(const Parameters& parameters, Reader&) {
  if (parameters.text("kind") == "std") throw std::logic_error("plain");
  if (parameters.text("kind") == "int") throw 7;  // NOLINT: the job boundary must survive that too
  throw Error(error_kind_from(parameters.text("kind")), "cannot do it", "it was asked to fail");
}

TaskOutput run_flaky(const Parameters&, Reader&) {
  if (g_flaky_failures-- > 0) throw Error(ErrorKind::io, "cannot read", "the cable is loose");
  return document("at last");
}

TaskOutput run_wrong(const Parameters& parameters, Reader& reader) {
  if (parameters.text("how") == "empty") return {};
  if (parameters.text("how") == "kind") return {Artifact::of("raw_frame", to_bytes("x")), {}};
  TaskOutput output = document("fine");
  output.requests.push_back(request("no_such_task", {}, reader.bundle().entries));
  return output;
}

TaskOutput run_huge(const Parameters& parameters, Reader&) {
  const auto size = static_cast<std::size_t>(parameters.integer("mb")) << 20U;
  std::vector<char> block(size, 'x');
  return document(std::to_string(block[size / 2] + block.size()));
}

TaskOutput run_slow(const Parameters& parameters, Reader& reader) {
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(parameters.integer("ms"));
  while (std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (parameters.flag("polite")) reader.progress(0.5);
  }
  return document("slept " + parameters.text("ms") + inputs_text(reader));
}

TaskOutput run_crash(const Parameters&, Reader&) {
  std::abort();  // as a library does that finds its memory damaged
}

TaskOutput run_gather(const Parameters&, Reader& reader) {
  std::size_t there = 0;
  for (const BundleEntry& entry : reader.bundle().entries) there += reader.has(entry.ref) ? 1 : 0;
  return document(std::to_string(there) + " there" + inputs_text(reader));
}

constexpr ParameterSpec kText[] = {{"text", "", "what to say"}};
constexpr ParameterSpec kAsk[] = {{"count", "1", "how many"}, {"text", "c", "prefix"}};
constexpr ParameterSpec kStep[] = {{"step", "0", "where it is"}};
constexpr ParameterSpec kKind[] = {{"kind", "bad_input", "of error"}};
constexpr ParameterSpec kHow[] = {{"how", "kind", "kind, empty or request"}};
constexpr ParameterSpec kMb[] = {{"mb", "1", "memory [MB]"}};
constexpr ParameterSpec kSlow[] = {
    {"ms", "1", "time"}, {"polite", "true", "looks at its allowance"}, {"text", "", "name"}};

}  // namespace

TaskTable fake_tasks() {
  Task gather{"gather", 1, "document", "", {}, run_gather};
  gather.tolerates_missing = true;
  return TaskTable({{"echo", 1, "document", "", kText, run_echo},
                    {"ask", 1, "document", "", kAsk, run_ask},
                    {"endless", 1, "document", "", kStep, run_endless},
                    {"self", 1, "document", "", {}, run_self},
                    {"fail", 1, "document", "", kKind, run_fail},
                    {"flaky", 1, "document", "", {}, run_flaky},
                    {"wrong", 1, "document", "", kHow, run_wrong},
                    {"huge", 1, "document", "", kMb, run_huge},
                    {"crash", 1, "document", "", {}, run_crash},
                    {"slow", 1, "document", "", kSlow, run_slow},
                    gather});
}

Request request(std::string_view task, ParameterMap parameters, std::vector<BundleEntry> inputs) {
  // Every job has an input; this one names bytes that nobody opens.
  Request made;
  made.task = task;
  made.parameters = std::move(parameters);
  made.input.entries = std::move(inputs);
  made.label = std::string(task) + " job";
  if (made.input.entries.empty()) made.input.entries = {from_lake(digest_of("start"), "start")};
  return made;
}

BundleEntry from_job(const Request& request, std::string_view role) {
  return {std::string(role), {InputRef::From::job, fake_tasks().key_of(request), "document"}};
}

BundleEntry from_lake(const Digest& digest, std::string_view role) {
  return {std::string(role), {InputRef::From::lake, digest, "document"}};
}

std::string products_of(const Ledger& ledger) {
  std::string text;
  const JobBook& book = ledger.book();
  for (JobId id = 1; id <= book.last(); ++id) {
    const Job& job = book.at(id);
    text += std::to_string(id) + " " + job.key.short_hex() + " " + std::string(name_of(job.state)) +
            " " + job.output.hex() + "\n";
  }
  return text;
}

}  // namespace polis::test
