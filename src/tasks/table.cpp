#include "tasks/tasks.h"

namespace polis {

std::vector<Task> all_tasks() {
  return {
      solve_astrometry_task(),
  };
}

}  // namespace polis
