#include "tasks/scene_night.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"index", "0", "which exposure of the night, counted from 0"},
};

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const std::shared_ptr<const Night> night = night_of_scene(reader);
  return {Artifact::of("raw_frame", fits_of(render(*night, parameters.integer("index")))), {}};
}

}  // namespace

Task simulate_exposure_task() {
  return {"simulate_exposure", 1,  "raw_frame", "makes the raw frame of one exposure of a scene",
          kParameters,         run};
}

}  // namespace polis
