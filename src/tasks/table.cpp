#include "tasks/tasks.h"

namespace polis {

std::vector<Task> all_tasks() {
  return {
  };
}

}  // namespace polis
