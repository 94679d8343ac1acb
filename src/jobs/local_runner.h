#pragma once

#include <memory>

#include "jobs/runner.h"
#include "jobs/task.h"

namespace polis {

/// One process, one worker. `lake` is used as it is, whatever the settings say.
std::unique_ptr<Runner> make_local_runner(Lake& lake, const TaskTable& tasks,
                                          const WorkerSettings& settings);

}  // namespace polis
