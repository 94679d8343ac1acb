#pragma once

#include "jobs/task.h"
#include "mpi/session.h"

namespace polis {

/// What ranks other than 0 do until they are dismissed.
void work(const Session& session, const TaskTable& tasks);

}  // namespace polis
