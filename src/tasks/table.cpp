#include "tasks/tasks.h"

namespace polis {

std::vector<Task> all_tasks() {
  return {
      simulate_night_task(),
      simulate_exposure_task(),
      simulate_truth_task(),
      simulate_reference_task(),
      open_night_task(),
      master_bias_task(),
      master_dark_task(),
      master_flat_task(),
      calibrate_frame_task(),
      measure_frame_task(),
      solve_astrometry_task(),
      calibrate_photometry_task(),
      cross_match_task(),
      night_quality_task(),
      choose_anchor_task(),
      build_reference_task(),
      subtract_reference_task(),
      find_candidates_task(),
      classify_candidates_task(),
      collect_targets_task(),
      forced_photometry_task(),
      build_light_curves_task(),
      describe_light_curves_task(),
      raise_alerts_task(),
      observe_task(),
  };
}

}  // namespace polis
