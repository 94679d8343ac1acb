#include <algorithm>

#include "base/error.h"
#include "models/executor.h"
#include "models/network.h"
#include "sky/candidate_tables.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"precision", "f32", "what the network computes in: f32, or bf16 where the processor has it"},
};

ExecutorOptions options_from(const Parameters& parameters) {
  const std::string& precision = parameters.text("precision");
  if (precision != "f32" && precision != "bf16") {
    throw Error(ErrorKind::bad_config, "cannot read classify_candidates.precision",
                "'" + precision + "' is no precision", "write f32 or bf16");
  }
  ExecutorOptions options;
  if (precision == "bf16") options.precision = Precision::bf16;
  return options;
}

/// The cut-outs as the network wants them: [candidate][science, template, difference][y][x].
std::vector<float> triplets_of(const TableSet& set, std::size_t count) {
  constexpr std::size_t kPixels = std::size_t{kCutOutSide} * kCutOutSide;
  std::vector<float> triplets(3 * kPixels * count);
  std::size_t channel = 0;
  for (const char* name : {"science", "template", "difference"}) {
    const NumberArray& images = set.array(name);
    if (images.values.size() != count * kPixels) {
      throw Error(ErrorKind::bad_input, "cannot classify candidates",
                  "the cut-outs '" + std::string(name) + "' are not one of 63 x 63 per candidate");
    }
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(images.values.begin() + static_cast<std::ptrdiff_t>(i * kPixels), kPixels,
                  triplets.begin() + static_cast<std::ptrdiff_t>((3 * i + channel) * kPixels));
    }
    ++channel;
  }
  return triplets;
}

/// Where the network's answers go: one class per output, or a network of one class, whose answer is
/// the probability of a real transient.
std::vector<CandidateClass> classes_of(const Network& network) {
  std::vector<CandidateClass> classes;
  for (const std::string& name : network.classes) {
    for (const CandidateClass& known : candidate_classes()) {
      if (known.name == name || (name == "real" && known.name == "real_transient"))
        classes.push_back(known);
    }
  }
  if (classes.size() != network.classes.size() || classes.empty()) {
    throw Error(ErrorKind::bad_input, "cannot classify candidates with " + network.name,
                "its classes are not those of candidates",
                "give a network with the classes real_transient, cosmic_ray, bad_pixel, satellite, "
                "subtraction_artifact, noise, or with the one class real");
  }
  return classes;
}

void fill_in(const std::vector<CandidateClass>& classes, const std::vector<float>& answers,
             std::vector<Candidate>& candidates) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    Candidate& c = candidates[i];
    double most = 0.0;
    for (std::size_t k = 0; k < classes.size(); ++k) {
      const auto p = static_cast<double>(answers[i * classes.size() + k]);
      c.*classes[k].probability = p;
      if (k == 0 || p > most) {
        most = p;
        c.label = classes[k].name;
      }
    }
    if (classes.size() == 1) c.label = most > 0.5 ? "real_transient" : "bogus";
  }
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const Artifact model = reader.open("model");
  const Network network = load_network(model);
  if (network.input_shape != Shape{3, kCutOutSide, kCutOutSide}) {
    throw Error(ErrorKind::bad_input, "cannot classify candidates with " + network.name,
                "it does not look at three images of 63 x 63 pixels");
  }
  const std::vector<CandidateClass> classes = classes_of(network);
  const Artifact input = reader.open("candidates");
  TableSet set = input.as<TableSet>();
  std::vector<Candidate> candidates = records_of(candidate_fields(), set.at("candidates"));
  if (!candidates.empty()) {
    const Executor executor(network, options_from(parameters));
    fill_in(classes, executor.run(triplets_of(set, candidates.size())), candidates);
  }
  Table judged = candidates_table(candidates, true);
  judged.facts = set.at("candidates").facts;
  set.at("candidates") = std::move(judged);
  set.facts["network"] = network.name;
  set.facts["network_digest"] = model.digest().hex();
  return {Artifact::of("candidates", std::move(set)), {}};
}

}  // namespace

Task classify_candidates_task() {
  return {"classify_candidates",
          1,
          "candidates",
          "what a network makes of the candidates' cut-outs: roles candidates, model",
          kParameters,
          run};
}

}  // namespace polis
