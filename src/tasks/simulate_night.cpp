#include "tasks/scene_night.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"truth", "true", "also write down what is true of each exposure"},
};

/// A request whose input is this job's own scene.
Request request_for(const Reader& reader, std::string_view task, std::string label) {
  Request request;
  request.task = std::string(task);
  request.input = reader.bundle();
  request.label = std::move(label);
  request.reason = "part of the simulated night";
  return request;
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const std::shared_ptr<const Night> night = night_of_scene(reader);
  TaskOutput output{Artifact::of("truth", truth_of_night(*night)), {}};
  output.requests.push_back(request_for(reader, "simulate_reference", "reference.h5"));
  for (const PlannedExposure& exposure : night->exposures) {
    const SceneSite& site = night->site_of(exposure);
    const double mpix = 1.0e-6 * site.width * site.height;
    Request frame =
        request_for(reader, "simulate_exposure", site.name + "/" + file_name_of(site, exposure));
    frame.parameters["index"] = std::to_string(exposure.index);
    frame.cost = mpix;
    output.requests.push_back(std::move(frame));
    if (!parameters.flag("truth")) continue;
    Request truth = request_for(reader, "simulate_truth", "truth/" + exposure.name + ".h5");
    truth.parameters["index"] = std::to_string(exposure.index);
    truth.cost = mpix;
    output.requests.push_back(std::move(truth));
  }
  return output;
}

}  // namespace

Task simulate_night_task() {
  return {"simulate_night", 1,
          "truth",          "plans a simulated night: its truth, and requests for all its frames",
          kParameters,      run};
}

}  // namespace polis
