#include "tasks/tasks.h"

namespace polis {

std::vector<Task> all_tasks() {
  return {
      solve_astrometry_task(),
      calibrate_photometry_task(),
  };
}

}  // namespace polis
