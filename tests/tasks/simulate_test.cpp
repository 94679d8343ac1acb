#include <gtest/gtest.h>

#include "formats/text_map_json.h"
#include "simulate/night.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

/// Serves one scene document, as the job boundary would.
class SceneReader : public Reader {
 public:
  explicit SceneReader(const Scene& scene)
      : document_(Artifact::of("document", json_from_text_map(scene_text(scene)))) {
    bundle_.entries = {{"scene", {InputRef::From::lake, Digest{}, "document"}}};
  }
  const Bundle& bundle() const override { return bundle_; }
  using Reader::open;
  Artifact open(const InputRef&) override { return document_; }

 private:
  Artifact document_;
  Bundle bundle_;
};

TEST(SimulateTasks, ANightAsksForEveryFrameItsTruthAndTheCatalogue) {
  const Scene scene = scene_preset("tiny", 3);
  SceneReader reader(scene);
  const TaskTable tasks(all_tasks());
  const Task& task = tasks.at("simulate_night");
  const TaskOutput output = task.run(tasks.complete(task, {}), reader);
  const Night night = make_night(scene);
  EXPECT_EQ(output.artifact.kind(), "truth");
  ASSERT_EQ(output.requests.size(), 1U + 2U * night.exposures.size());
  for (const Request& request : output.requests) {
    EXPECT_NO_THROW(tasks.key_of(request));
    EXPECT_NE(request.label.find('.'), std::string::npos) << "the label is the file to write";
  }
  EXPECT_EQ(task.run(tasks.complete(task, {{"truth", "false"}}), reader).requests.size(),
            1U + night.exposures.size());
}

TEST(SimulateTasks, AnExposureIsTheOneThatTheSimulatorRenders) {
  const Scene scene = scene_preset("tiny", 3);
  SceneReader reader(scene);
  const TaskTable tasks(all_tasks());
  const Task& task = tasks.at("simulate_exposure");
  const TaskOutput output = task.run(tasks.complete(task, {{"index", "12"}}), reader);
  EXPECT_EQ(output.artifact.digest(), digest_of(fits_of(render(make_night(scene), 12))));
}

TEST(SimulateTasks, TruthAndCatalogueKeepTheirTables) {
  SceneReader reader(scene_preset("tiny", 3));
  const TaskTable tasks(all_tasks());
  const Task& truth = tasks.at("simulate_truth");
  const Artifact made = truth.run(tasks.complete(truth, {{"index", "12"}}), reader).artifact;
  const Artifact read = Artifact::from_bytes("truth", made.bytes());
  EXPECT_EQ(read.as<TableSet>().at("stars").rows(), made.as<TableSet>().at("stars").rows());
  EXPECT_TRUE(read.as<TableSet>().has("pixels"));
  const Task& reference = tasks.at("simulate_reference");
  EXPECT_GT(reference.run(tasks.complete(reference, {}), reader)
                .artifact.as<TableSet>()
                .at("stars")
                .rows(),
            100U);
}

}  // namespace
}  // namespace polis
