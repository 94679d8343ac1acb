#include "models/check.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "models/executor.h"
#include "models/shapes.h"

namespace polis {
namespace {

constexpr double kGoldenAbsolute = 1e-5;
constexpr double kGoldenRelative = 1e-4;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::bad_input, "cannot use the network", why,
              "import or train the model again");
}

bool finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

void check_weights(const Layer& layer) {
  for (const auto& [role, tensor] : layer.weights) {
    if (!finite(tensor.values)) {
      refuse("weight \"" + role.substr(0, 80) + "\" of layer " + layer.name.substr(0, 80) +
             " holds a NaN or infinity");
    }
  }
  if (layer.kind != LayerKind::batch_norm) return;
  const auto& variances = layer.weight("variance")->values;
  for (const float variance : variances) {
    if (!(static_cast<double>(variance) + layer.epsilon > 0.0))
      refuse("layer " + layer.name.substr(0, 80) + " has a variance that is not above zero");
  }
}

void check_golden_shapes(const Network& network, std::int64_t outputs) {
  const Tensor& input = network.golden_input;
  const Tensor& output = network.golden_output;
  if (input.shape.empty() || input.shape[0] < 1) refuse("it has no golden input");
  Shape expected{input.shape[0]};
  expected.insert(expected.end(), network.input_shape.begin(), network.input_shape.end());
  if (input.shape != expected ||
      elements_of(input.shape) != static_cast<std::int64_t>(input.values.size()))
    refuse("its golden input has the shape [" + shape_text(input.shape) + "]");
  if (output.shape != Shape{input.shape[0], outputs} ||
      elements_of(output.shape) != static_cast<std::int64_t>(output.values.size()))
    refuse("its golden output has the shape [" + shape_text(output.shape) + "]");
  if (!finite(input.values) || !finite(output.values))
    refuse("its golden pair holds a NaN or infinity");
}

}  // namespace

void check_network(const Network& network) {
  const std::vector<Shape> shapes = infer_shapes(network);
  for (const Layer& layer : network.layers) check_weights(layer);
  if (shapes.back().size() != 1)
    refuse("its output has the shape [" + shape_text(shapes.back()) + "]: no vector");
  const std::int64_t outputs = shapes.back()[0];
  if (static_cast<std::int64_t>(network.classes.size()) != outputs) {
    refuse("it has " + std::to_string(outputs) + " outputs and " +
           std::to_string(network.classes.size()) + " classes");
  }
  check_golden_shapes(network, outputs);
}

void check_golden(const Network& network) {
  const std::vector<float> answer = Executor(network).run(network.golden_input.values);
  for (std::size_t i = 0; i < answer.size(); ++i) {
    const double wanted = network.golden_output.values[i];
    const double off = std::abs(answer[i] - wanted);
    if (!(off <= kGoldenAbsolute + kGoldenRelative * std::abs(wanted))) {
      refuse("its answer to the golden input is " + std::to_string(answer[i]) + " where " +
             std::to_string(wanted) + " was promised");
    }
  }
}

}  // namespace polis
