#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.h"

namespace polis {

/// A job as people see it.
struct JobView {
  JobId id = 0;
  Digest key;
  std::string task, group, label;
  JobState state = JobState::waiting;
  std::string error;   ///< name of the ErrorKind, when held
  std::string reason;  ///< when held, upstream or expired
  Digest output;
  std::uint64_t output_bytes = 0;
  int attempts = 0;
  int round = 0;        ///< the last in which it ran; 0: none
  double wall_s = 0.0;  ///< of its last attempt
};

struct RequestView {
  JobId job = 0, parent = 0;
  std::string task, label, reason;
  int priority = 0;
  double deadline_mjd = 0.0;
  JobState state = JobState::waiting;
};

struct DroppedView {
  std::string cause;
  std::uint64_t count = 0;
};

/// Reads a ledger while a master may be writing to it; never changes it. Errors: not_found,
/// damaged, io.
class LedgerReader {
 public:
  static std::unique_ptr<LedgerReader> open(const std::string& path);
  virtual ~LedgerReader() = default;

  virtual std::map<JobState, std::uint64_t> jobs_by_state() const = 0;
  /// task -> state -> count
  virtual std::map<std::string, std::map<JobState, std::uint64_t>> jobs_by_task() const = 0;
  /// Jobs in order of id. Empty task: all; no state given: all.
  virtual void each_job(std::string_view task, std::optional<JobState> state,
                        const std::function<void(const JobView&)>& visit) const = 0;
  virtual void each_request(const std::function<void(const RequestView&)>& visit) const = 0;
  virtual std::vector<RoundSummary> rounds() const = 0;
  virtual std::vector<DroppedView> dropped() const = 0;
  /// Manifests of a round, in order. 0: what people asked for.
  virtual std::vector<Digest> manifests(int round) const = 0;
  /// The output of a job, by key; zero: none. For products and indexes.
  virtual Digest output_of(const Digest& key) const = 0;
};

}  // namespace polis
