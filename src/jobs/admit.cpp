#include "jobs/admit.h"

#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "jobs/spec.h"

namespace polis {
namespace {

/// Admits one batch: requests that name each other's outputs come in order of dependence.
class Batch {
 public:
  Batch(Ledger& ledger, const TaskTable& tasks, JobId parent, std::span<const Request> requests,
        const RequestCaps& caps, double now_mjd)
      : ledger_(ledger),
        tasks_(tasks),
        parent_(parent),
        requests_(requests),
        caps_(caps),
        now_mjd_(now_mjd) {
    depth_ = parent == 0 ? 0 : ledger.book().at(parent).depth + 1;
  }

  AdmitReport run() {
    report_.asked = requests_.size();
    std::size_t count = requests_.size();
    if (parent_ != 0 && count > caps_.per_output) {
      drop("per_output", count - caps_.per_output);
      count = caps_.per_output;
    }
    if (depth_ > caps_.depth) {
      drop("depth", count);
      count = 0;
    }
    prepare(count);
    for (std::size_t i = 0; i < count; ++i) visit(i);
    for (const auto& [cause, number] : report_.dropped)
      ledger_.count_dropped(parent_, cause, number);
    return report_;
  }

 private:
  enum class Mark : std::uint8_t { fresh, open, closed };
  struct Item {
    Digest key;
    const Task* task = nullptr;
    Parameters parameters;
    Mark mark = Mark::fresh;
  };

  void drop(const std::string& cause, std::uint64_t count = 1) { report_.dropped[cause] += count; }

  void drop_invalid(const std::string& why) {
    drop("invalid");
    if (report_.first_invalid.empty()) report_.first_invalid = why;
  }

  void prepare(std::size_t count) {
    items_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      try {
        check(requests_[i]);
        Item& item = items_[i];
        const Task& task = tasks_.at(requests_[i].task);
        item.parameters = tasks_.complete(task, requests_[i].parameters);
        item.key = job_key(task.name, task.version, item.parameters.values(), requests_[i].input);
        item.task = &task;
        if (ledger_.book().find(item.key) == 0) in_batch_.try_emplace(item.key, i);
      } catch (const Error& error) {
        drop_invalid(error.what());
      }
    }
  }

  static void check(const Request& request) {
    const auto refuse = [&](std::string_view why) {
      throw Error(ErrorKind::bad_input, "cannot admit a request for " + request.task, why);
    };
    if (request.input.entries.empty()) refuse("it has no input");
    if (!std::isfinite(request.cost) || request.cost < 0.0)
      refuse("its cost is not a number of frames");
    if (!std::isfinite(request.deadline_mjd)) refuse("its deadline is not a date");
  }

  /// Depth first with a stack of its own: a chain of requests may be as long as the batch.
  void visit(std::size_t first) {
    std::vector<std::size_t> stack{first};
    while (!stack.empty()) {
      const std::size_t i = stack.back();
      Item& item = items_[i];
      if (item.task == nullptr || item.mark == Mark::closed) {
        stack.pop_back();
      } else if (item.mark == Mark::open) {
        stack.pop_back();
        item.mark = Mark::closed;
        enter(i);
      } else {
        item.mark = Mark::open;
        push_missing(requests_[i].input, stack);
      }
    }
  }

  void push_missing(const Bundle& input, std::vector<std::size_t>& stack) const {
    for (const BundleEntry& entry : input.entries) {
      if (entry.ref.from != InputRef::From::job) continue;
      const auto found = in_batch_.find(entry.ref.name);
      if (found != in_batch_.end() && items_[found->second].mark == Mark::fresh)
        stack.push_back(found->second);
    }
  }

  void enter(std::size_t i) {
    const Request& request = requests_[i];
    JobId id = ledger_.book().find(items_[i].key);
    if (id != 0) {
      ++report_.known;
      if (request.keep && !ledger_.book().at(id).keep) ledger_.keep_output(id);
    } else if (id = add_new(items_[i], request); id == 0) {
      return;
    }
    ledger_.add_request(
        {id, parent_, request.priority, request.deadline_mjd, request.reason, request.label});
  }

  JobId add_new(const Item& item, const Request& request) {
    if (request.deadline_mjd > 0.0 && now_mjd_ > request.deadline_mjd) return drop("expired"), 0;
    if (ledger_.book().size() >= caps_.total) return drop("total"), 0;
    sources_.clear();
    for (const BundleEntry& entry : request.input.entries) {
      if (entry.ref.from != InputRef::From::job) continue;
      const JobId source = ledger_.book().find(entry.ref.name);
      if (source == 0) {
        drop_invalid("cannot admit a request for " + request.task + " (its input '" + entry.role +
                     "' is the output of job " + entry.ref.name.short_hex() +
                     ", which nobody asked for)");
        return 0;
      }
      sources_.push_back(source);
    }
    ++report_.admitted;
    Packer spec;
    spec.number(static_cast<std::uint64_t>(item.task->version));
    pack_definition(spec, request.task, item.parameters.values(), request.input);
    return ledger_.add_job({item.key, request.task, request.group, request.label, spec.bytes(),
                            sources_, request.deadline_mjd, request.cost, request.priority, depth_,
                            request.keep, item.task->tolerates_missing});
  }

  Ledger& ledger_;
  const TaskTable& tasks_;
  JobId parent_;
  std::span<const Request> requests_;
  const RequestCaps& caps_;
  double now_mjd_;
  int depth_ = 0;
  std::vector<Item> items_;
  std::unordered_map<Digest, std::size_t> in_batch_;
  std::vector<JobId> sources_;
  AdmitReport report_;
};

}  // namespace

AdmitReport& AdmitReport::operator+=(const AdmitReport& other) {
  asked += other.asked;
  admitted += other.admitted;
  known += other.known;
  for (const auto& [cause, count] : other.dropped) dropped[cause] += count;
  if (first_invalid.empty()) first_invalid = other.first_invalid;
  return *this;
}

std::uint64_t AdmitReport::dropped_in_all() const {
  std::uint64_t sum = 0;
  for (const auto& [cause, count] : dropped) sum += count;
  return sum;
}

AdmitReport admit(Ledger& ledger, const TaskTable& tasks, JobId parent,
                  std::span<const Request> requests, const RequestCaps& caps, double now_mjd) {
  return Batch(ledger, tasks, parent, requests, caps, now_mjd).run();
}

}  // namespace polis
