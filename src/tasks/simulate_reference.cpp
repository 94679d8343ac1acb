#include "tasks/scene_night.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

TaskOutput run(const Parameters&, Reader& reader) {
  return {Artifact::of("reference_catalog", reference_catalog(*night_of_scene(reader))), {}};
}

}  // namespace

Task simulate_reference_task() {
  return {"simulate_reference",
          1,
          "reference_catalog",
          "makes the known-object catalogue of a scene",
          {},
          run};
}

}  // namespace polis
