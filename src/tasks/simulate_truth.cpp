#include "tasks/scene_night.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"index", "0", "which exposure of the night, counted from 0"},
};

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const std::shared_ptr<const Night> night = night_of_scene(reader);
  return {Artifact::of("truth", truth_of(*night, parameters.integer("index"))), {}};
}

}  // namespace

Task simulate_truth_task() {
  return {"simulate_truth", 1,  "truth", "writes down what is true of one exposure of a scene",
          kParameters,      run};
}

}  // namespace polis
