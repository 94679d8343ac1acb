#pragma once

#include <vector>

#include "jobs/task.h"

namespace polis {

/// Every task of the city, in the order of a night. A new task costs one declaration here, one row in
/// table.cpp, and its own file.
std::vector<Task> all_tasks();

Task solve_astrometry_task();
Task calibrate_photometry_task();

}  // namespace polis
