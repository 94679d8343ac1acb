#pragma once

#include "jobs/runner.h"

namespace polis {

/// Exit codes of the program (README.md).
enum ExitCode : int {
  kAllDone = 0,
  kSomeFailed = 1,
  kBadUsage = 2,
  kNotThere = 3,
  kStoreTrouble = 4,
  kOwnMistake = 5
};

/// The whole program on the master: finds the verb, runs it, prints errors to stderr. Never throws.
/// `make_runner` makes the runner of this program, when a verb needs one.
int app_main(int argc, char** argv, const RunnerFactory& make_runner);

}  // namespace polis
