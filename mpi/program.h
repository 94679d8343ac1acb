#pragma once

#include <functional>

#include "jobs/runner.h"
#include "jobs/task.h"

namespace polis {

/// What the master does, given its runner: src/app's app_main, or a test's own.
using MasterMain = std::function<int(int argc, char** argv, const RunnerFactory& make_runner)>;

/// The program on every rank. Started alone it is master and worker in one process, without MPI.
int run_program(int argc, char** argv, const TaskTable& tasks, const MasterMain& master);

}  // namespace polis
