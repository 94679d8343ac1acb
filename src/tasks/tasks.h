#pragma once

#include <vector>

#include "jobs/task.h"

namespace polis {

/// Every task of the city, in the order of a night. A new task costs one declaration here, one row
/// in table.cpp, and its own file.
std::vector<Task> all_tasks();

Task simulate_night_task();
Task simulate_exposure_task();
Task simulate_truth_task();
Task simulate_reference_task();
Task open_night_task();
Task master_bias_task();
Task master_dark_task();
Task master_flat_task();
Task calibrate_frame_task();
Task measure_frame_task();
Task solve_astrometry_task();
Task calibrate_photometry_task();
Task cross_match_task();
Task night_quality_task();
Task choose_anchor_task();
Task build_reference_task();
Task subtract_reference_task();
Task find_candidates_task();
Task classify_candidates_task();
Task collect_targets_task();
Task forced_photometry_task();
Task build_light_curves_task();
Task describe_light_curves_task();
Task raise_alerts_task();
Task observe_task();

}  // namespace polis
