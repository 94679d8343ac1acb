#pragma once

#include <span>

#include "app/city.h"
#include "app/settings.h"
#include "formats/manifest.h"
#include "jobs/drive.h"

namespace polis {

/// What a verb that runs jobs needs besides its requests.
struct MissionStyle {
  bool log_json = false;
  bool dry_run = false;  ///< print the plan of the next round, run nothing
};

/// Submits the requests to the city and runs rounds until nothing is left, showing progress; Ctrl-C
/// stops after a commit. Prints what became of it; returns the program's exit code. Errors:
/// bad_config (a request was refused), and those of lake and ledger.
int run_mission(const City& city, Lake& lake, const Settings& settings,
                std::span<const Request> requests, const MissionStyle& style,
                const RunnerFactory& make_runner);

}  // namespace polis
