#pragma once

#include <map>
#include <string>
#include <vector>

#include "formats/settings_json.h"
#include "jobs/task.h"

namespace polis {

/// Everything a user may configure. A plain struct with defaults; one INI file or several (later
/// ones win), then `--set section.key=value`. Sections: [run], [limits], and one per task with that
/// task's parameters.
struct Settings {
  // [run]
  int threads = 0;            ///< per rank; 0: as many as the machine gives
  int attempts = 2;           ///< tries of a job whose failure may pass (disk, network)
  double memory_mib = 0.0;    ///< allowance of one job; 0: none
  double time_limit_s = 0.0;  ///< allowance of one job; 0: none
  // [limits]
  long requests_per_output = 200000;
  int request_depth = 12;
  long requests_total = 20000000;
  /// task -> parameters that differ from the task's defaults
  TaskSettings tasks;
};

/// Errors: bad_config (unknown section or key, with the nearest known one; a value that does not
/// parse), not_found (no such file).
Settings read_settings(const TaskTable& tasks, const std::vector<std::string>& files,
                       const std::vector<std::string>& assignments);

/// The complete configuration as an INI file with each key's meaning: read_settings of it gives the
/// same settings.
std::string dump_settings(const Settings& settings, const TaskTable& tasks);

}  // namespace polis
