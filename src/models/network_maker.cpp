#include "models/network_maker.h"

#include "base/error.h"
#include "base/random.h"
#include "models/check.h"
#include "models/executor.h"
#include "models/simplify.h"

namespace polis {
namespace {

constexpr std::int64_t kGoldenStamps = 3;
constexpr std::uint64_t kGoldenSeed = 1;

/// Layers that the result does not need are left out, and the result comes last.
void keep_needed(Network& network, std::size_t output) {
  std::vector<bool> needed(network.layers.size(), false);
  needed[0] = needed[output] = true;
  for (std::size_t i = output + 1; i-- > 0;)
    for (const std::size_t input : network.layers[i].inputs)
      needed[input] = needed[input] || needed[i];
  std::vector<std::size_t> place(network.layers.size(), 0);
  std::vector<Layer> layers;
  for (std::size_t i = 0; i <= output; ++i) {
    if (!needed[i]) continue;
    for (std::size_t& input : network.layers[i].inputs) input = place[input];
    place[i] = layers.size();
    layers.push_back(std::move(network.layers[i]));
  }
  network.layers = std::move(layers);
}

std::vector<std::string> numbered_classes(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back("class_" + std::to_string(i));
  return names;
}

}  // namespace

NetworkMaker::NetworkMaker(Shape input_shape) {
  network_.input_shape = std::move(input_shape);
  Layer input;
  input.name = "input";
  network_.layers.push_back(std::move(input));
  shapes_.push_back(network_.input_shape);
}

std::size_t NetworkMaker::add(Layer layer) {
  shapes_.push_back(infer_shape(layer, shapes_));
  network_.layers.push_back(std::move(layer));
  return shapes_.size() - 1;
}

std::size_t NetworkMaker::add(LayerKind kind, const std::string& name,
                              std::vector<std::size_t> inputs) {
  Layer layer;
  layer.kind = kind;
  layer.name = name;
  layer.inputs = std::move(inputs);
  return add(std::move(layer));
}

std::size_t NetworkMaker::permute(std::size_t input, Shape order, const std::string& name) {
  Layer layer;
  layer.kind = LayerKind::permute;
  layer.name = name;
  layer.inputs = {input};
  layer.target = std::move(order);
  return add(std::move(layer));
}

std::size_t NetworkMaker::reshape(std::size_t input, Shape target, const std::string& name) {
  Layer layer;
  layer.kind = LayerKind::reshape;
  layer.name = name;
  layer.inputs = {input};
  layer.target = std::move(target);
  return add(std::move(layer));
}

Network NetworkMaker::finish(std::size_t output, const ForeignGraph& graph,
                             const ImportOptions& options) {
  if (shapes_.at(output).size() > 1) output = add(LayerKind::flatten, "flatten_output", {output});
  const std::int64_t outputs = shapes_[output].front();
  keep_needed(network_, output);
  network_.name = options.name.empty() ? graph.name : options.name;
  network_.normalisation = options.normalisation;
  network_.classes = options.classes.empty() ? numbered_classes(outputs) : options.classes;
  network_.card = options.card;
  network_.card["imported_from"] = graph.producer;
  make_golden_pair(network_);
  check_network(network_);
  return std::move(network_);
}

void make_golden_pair(Network& network) {
  const std::int64_t size = elements_of(network.input_shape);
  Tensor& input = network.golden_input;
  input.shape = {kGoldenStamps};
  input.shape.insert(input.shape.end(), network.input_shape.begin(), network.input_shape.end());
  input.values.clear();
  for (std::int64_t stamp = 0; stamp < kGoldenStamps; ++stamp) {
    RandomStream random(kGoldenSeed, "golden stamps", static_cast<std::uint64_t>(stamp));
    for (std::int64_t i = 0; i < size; ++i)
      input.values.push_back(static_cast<float>(random.normal()));
  }
  network.golden_output.values = Executor(network).run(input.values);
  network.golden_output.shape = {
      kGoldenStamps,
      static_cast<std::int64_t>(network.golden_output.values.size()) / kGoldenStamps};
}

Tensor permuted(const Tensor& tensor, const Shape& order) {
  std::vector<std::int64_t> stride(tensor.shape.size(), 1);
  for (std::size_t a = stride.size(); a-- > 1;) stride[a - 1] = stride[a] * tensor.shape[a];
  Tensor result;
  for (const std::int64_t axis : order)
    result.shape.push_back(tensor.shape.at(static_cast<std::size_t>(axis)));
  result.values.resize(tensor.values.size());
  std::vector<std::int64_t> at(order.size(), 0);
  for (float& value : result.values) {
    std::int64_t place = 0;
    for (std::size_t a = 0; a < order.size(); ++a)
      place += at[a] * stride[static_cast<std::size_t>(order[a])];
    value = tensor.values[static_cast<std::size_t>(place)];
    for (std::size_t a = order.size(); a-- > 0;) {
      if (++at[a] < result.shape[a]) break;
      at[a] = 0;
    }
  }
  return result;
}

Tensor filled(std::int64_t count, float value) {
  return {{count}, std::vector<float>(static_cast<std::size_t>(count), value)};
}

void refuse_import(const ForeignNode& node, const std::string& why) {
  throw Error(ErrorKind::bad_input,
              "cannot import layer " + node.name.substr(0, 80) + " (" + node.op.substr(0, 80) + ")",
              why);
}

const Tensor& tensor_of(const ForeignGraph& graph, const ForeignNode& node,
                        const std::string& name) {
  const auto found = graph.tensors.find(name);
  if (found == graph.tensors.end())
    refuse_import(node, "the file has no weight " + name.substr(0, 200));
  return found->second;
}

}  // namespace polis
