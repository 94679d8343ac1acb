#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ledger/job_book.h"

namespace polis {

/// A job as it is admitted. `spec` is what a worker needs to run it (jobs/spec.h); the ledger does
/// not look inside.
struct NewJob {
  Digest key;
  std::string_view task;
  std::string_view group;
  std::string_view label;
  ByteView spec;
  std::span<const JobId> sources;
  double deadline_mjd = 0.0;
  double cost = 1.0;
  int priority = 0;
  int depth = 0;
  bool keep = true;
  bool tolerant = false;
};

/// Who asked for a job, and why. parent 0: a person.
struct NewRequest {
  JobId job = 0;
  JobId parent = 0;
  int priority = 0;
  double deadline_mjd = 0.0;
  std::string_view reason;
  std::string_view label;
};

/// How one attempt at a job ended.
struct Outcome {
  JobId job = 0;
  bool ok = false;
  ErrorKind error = ErrorKind::internal;  ///< when not ok
  std::string reason;                     ///< when not ok; at most 500 characters
  Digest output;                          ///< zero: not kept
  std::uint64_t output_bytes = 0;
  Digest requests;  ///< the artifact (kind requests) that holds what it asks for; zero: nothing
  std::uint32_t request_count = 0;
  double wall_s = 0.0;
  std::uint32_t worker = 0;
};

inline Outcome failure(JobId job, ErrorKind error, std::string reason) {
  Outcome outcome;
  outcome.job = job;
  outcome.error = error;
  outcome.reason = std::move(reason);
  return outcome;
}

/// Jobs that ended and asked for more, whose requests are not yet admitted.
struct Asking {
  JobId job = 0;
  Digest requests;
};

/// A round that was begun. `orders` are the artifacts (kind order) that hold its chains.
struct RoundRecord {
  int round = 0;
  std::vector<Digest> orders;
};

struct RoundSummary {
  int round = 0;
  bool closed = false;
  std::uint64_t jobs = 0, done = 0, failed = 0;
  std::uint64_t asked = 0, admitted = 0, dropped = 0;  ///< requests by its jobs
  double wall_s = 0.0, busy_s = 0.0, idle_s = 0.0;  ///< idle_s: workers with nothing to do, summed
};

/// The master's persistent record of every job, attempt and request (docs/formats/ledger.md).
///
/// One writer, which a lock next to the file makes sure of. Changes gather in a transaction until
/// `commit`; a crash loses what was not committed and nothing else. Errors: io, no_space, damaged.
class Ledger {
 public:
  /// Makes the file if need be. Errors: io, naming host and process of another master that holds
  /// it. Waits up to `patience_s` for one that is just going down.
  static std::unique_ptr<Ledger> open(const std::string& path, double patience_s = 10.0);
  /// Forgets everything when it goes: for tests, and to look at a plan.
  static std::unique_ptr<Ledger> open_in_memory();
  virtual ~Ledger() = default;

  virtual const JobBook& book() const = 0;

  // Admission.
  virtual JobId add_job(const NewJob& job) = 0;
  /// Records a request for a job that is in the book; raises its priority and deadline. False: it
  /// was recorded before.
  virtual bool add_request(const NewRequest& request) = 0;
  /// From now on the job's output is kept; if it was dropped, the job runs again.
  virtual void keep_output(JobId job) = 0;
  virtual void count_dropped(JobId parent, std::string_view cause, std::uint64_t count) = 0;
  virtual void add_manifest(int round, const Digest& manifest, std::uint64_t requests) = 0;
  virtual Bytes spec(JobId job) const = 0;

  // Rounds.
  virtual std::optional<RoundRecord> open_round() const = 0;
  virtual int last_round() const = 0;
  virtual void begin_round(const RoundRecord& round, std::uint64_t jobs) = 0;
  virtual void record(const Outcome& outcome) = 0;
  /// Jobs of the open round that asked for more, by id.
  virtual std::vector<Asking> asking() const = 0;
  virtual void close_round(const RoundSummary& summary) = 0;

  // States.
  virtual void set_state(JobId job, JobState state, std::string_view reason) = 0;
  /// Held jobs (all, or those of a task, or the one with that key) wait again, with those that they
  /// hold up; says how many.
  virtual std::uint64_t release_held(std::string_view task_or_key) = 0;
  /// The jobs that made these artifacts run again: they are no longer in the lake. Says how many.
  virtual std::uint64_t forget_outputs(std::span<const Digest> lost) = 0;

  /// Remembers something small of a program's run ("workers" = "8"): never part of a product.
  virtual void begin_session(std::string_view host, std::string_view version,
                             std::size_t workers) = 0;
  virtual void end_session() = 0;
  /// All since the last commit becomes durable, or none of it.
  virtual void commit() = 0;
};

}  // namespace polis
