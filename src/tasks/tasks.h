#pragma once

#include <vector>

#include "jobs/task.h"

namespace polis {

/// Every task of the city, in the order of a night. A new task costs one declaration here, one row in
/// table.cpp, and its own file.
std::vector<Task> all_tasks();

Task master_bias_task();
Task master_dark_task();
Task master_flat_task();
Task calibrate_frame_task();
Task solve_astrometry_task();
Task calibrate_photometry_task();

}  // namespace polis
