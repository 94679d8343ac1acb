#include "tasks/tasks.h"

namespace polis {

std::vector<Task> all_tasks() {
  return {
      master_bias_task(),
      master_dark_task(),
      master_flat_task(),
      calibrate_frame_task(),
      solve_astrometry_task(),
      calibrate_photometry_task(),
  };
}

}  // namespace polis
