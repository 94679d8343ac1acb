#pragma once

#include <memory>

#include "jobs/task.h"
#include "simulate/night.h"

namespace polis {

/// The night that the job's "scene" document describes. Jobs of one scene in one process share it.
std::shared_ptr<const Night> night_of_scene(Reader& reader);

}  // namespace polis
