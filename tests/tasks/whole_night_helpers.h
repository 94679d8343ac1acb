#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "jobs/drive.h"
#include "jobs/task.h"
#include "lake/lake.h"
#include "sky/table.h"

namespace polis {

/// A city in memory: frames go in as ingest takes them, open_night is asked for, and everything
/// that follows runs.
class WholeNight {
 public:
  /// `bytes`: a raw file; its exposures are what ingest makes of it with configs/instruments.
  void ingest(const Bytes& bytes, const std::string& name);
  void set_reference(TableSet reference);
  /// `settings`: {"task": {"parameter": "value"}}; empty: defaults.
  RunReport run(const std::string& settings = "");

  const std::vector<Exposure>& exposures() const { return exposures_; }
  std::vector<Artifact> of_kind(const std::string& kind) const;
  /// Task names of the jobs that failed for good, with their reasons.
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  std::unique_ptr<Lake> lake_ = make_memory_lake();
  std::vector<Exposure> exposures_;
  Bundle night_;
  std::vector<std::string> failures_;
};

}  // namespace polis
