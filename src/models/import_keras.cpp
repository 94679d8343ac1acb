#include "base/error.h"
#include "models/keras_importer.h"

namespace polis {
namespace {

/// [channels, axes...] of the input: Keras' [batch, axes..., channels] unless the caller knows
/// better.
Shape input_shape(const ForeignGraph& graph, const ImportOptions& options) {
  if (!options.input_shape.empty()) return options.input_shape;
  const auto refuse = [](const std::string& why) {
    throw Error(ErrorKind::bad_input, "cannot import the Keras network", why,
                "give its input shape, channels first");
  };
  if (graph.inputs.size() != 1)
    refuse("it has " + std::to_string(graph.inputs.size()) + " inputs, not one");
  const Shape& shape = graph.inputs[0].shape;
  if (shape.size() < 2) refuse("its input has no axes");
  Shape result{shape.back()};
  result.insert(result.end(), shape.begin() + 1, shape.end() - 1);
  for (const std::int64_t extent : result)
    if (extent < 1) refuse("its input shape is not fixed");
  return result;
}

}  // namespace

KerasImporter::KerasImporter(const ForeignGraph& graph, const ImportOptions& options)
    : graph_(graph), options_(options), maker_(input_shape(graph, options)) {}

Network KerasImporter::run() {
  for (const ForeignNode& node : graph_.nodes) {
    const auto handler = handlers().find(node.op);
    if (handler == handlers().end()) refuse_import(node, "such layers are not supported");
    if (!node.inputs.empty() && padding_.count(node.inputs[0]) > 0 &&
        node.op.find("Conv") == std::string::npos) {
      refuse_import(node, "only a convolution may follow ZeroPadding");
    }
    const std::size_t layer = (this->*handler->second)(node);
    if (!values_.emplace(node.name, layer).second) refuse_import(node, "its name is used twice");
  }
  if (graph_.outputs.size() != 1 || values_.count(graph_.outputs[0].name) == 0)
    throw Error(ErrorKind::bad_input, "cannot import the Keras network", "it has not one output");
  return maker_.finish(values_.at(graph_.outputs[0].name), graph_, options_);
}

std::size_t KerasImporter::input(const ForeignNode& node, std::size_t which) const {
  if (which == 0 && node.inputs.empty()) return 0;
  if (which >= node.inputs.size()) refuse_import(node, "it lacks an input");
  const auto found = values_.find(node.inputs[which]);
  if (found == values_.end())
    refuse_import(node, "its input " + node.inputs[which].substr(0, 80) + " does not come before");
  return found->second;
}

const Shape& KerasImporter::shape_of_input(const ForeignNode& node) const {
  return maker_.shape(input(node));
}

Tensor KerasImporter::weight(const ForeignNode& node, const std::string& name) const {
  return tensor_of(graph_, node, node.name + "/" + name);
}

bool KerasImporter::has_weight(const ForeignNode& node, const std::string& name) const {
  return graph_.tensors.count(node.name + "/" + name) > 0;
}

Layer KerasImporter::layer(LayerKind kind, const ForeignNode& node) const {
  Layer layer;
  layer.kind = kind;
  layer.name = node.name;
  layer.inputs = {input(node)};
  return layer;
}

std::size_t KerasImporter::activated(const ForeignNode& node, std::size_t layer,
                                     const std::string& function) {
  static const std::map<std::string, LayerKind> known{
      {"relu", LayerKind::relu},       {"sigmoid", LayerKind::sigmoid}, {"tanh", LayerKind::tanh},
      {"gelu", LayerKind::gelu},       {"swish", LayerKind::swish},     {"silu", LayerKind::swish},
      {"softmax", LayerKind::softmax},
  };
  if (function == "linear") return layer;
  const auto found = known.find(function);
  if (found == known.end())
    refuse_import(node, "activation " + function.substr(0, 80) + " is not supported");
  return maker_.add(found->second, node.name + "_" + function, {layer});
}

/// [C, a, b] -> [a, b, C].
std::size_t KerasImporter::channels_last(std::size_t layer, const std::string& name) {
  const auto axes = static_cast<std::int64_t>(maker_.shape(layer).size());
  if (axes == 1) return layer;
  Shape order;
  for (std::int64_t a = 1; a < axes; ++a) order.push_back(a);
  order.push_back(0);
  return maker_.permute(layer, order, name + "_channels_last");
}

/// [a, b, C] -> [C, a, b].
std::size_t KerasImporter::channels_first(std::size_t layer, const std::string& name) {
  const auto axes = static_cast<std::int64_t>(maker_.shape(layer).size());
  if (axes == 1) return layer;
  Shape order{axes - 1};
  for (std::int64_t a = 0; a + 1 < axes; ++a) order.push_back(a);
  return maker_.permute(layer, order, name + "_channels_first");
}

std::size_t KerasImporter::nothing(const ForeignNode& node) { return input(node); }

/// "padding" of ZeroPadding: one number for all sides, or one or two per axis.
std::size_t KerasImporter::zero_padding(const ForeignNode& node) {
  const std::vector<std::int64_t> sides = node.integers("padding");
  const std::size_t axes = shape_of_input(node).size() - 1;
  Window window;
  for (std::size_t a = 0; a < axes; ++a) {
    if (sides.size() == 1) {
      window.pad_before.push_back(sides[0]);
      window.pad_after.push_back(sides[0]);
    } else if (sides.size() == axes && axes == 2) {
      window.pad_before.push_back(sides[a]);
      window.pad_after.push_back(sides[a]);
    } else if (sides.size() == 2 * axes) {
      window.pad_before.push_back(sides[2 * a]);
      window.pad_after.push_back(sides[2 * a + 1]);
    } else {
      refuse_import(node, "its padding is not understood");
    }
  }
  padding_[node.name] = window;
  return input(node);
}

/// Takes up the zeros that a ZeroPadding layer put around the input.
std::size_t KerasImporter::padded(const ForeignNode& node, Window& window) {
  const auto found = node.inputs.empty() ? padding_.end() : padding_.find(node.inputs[0]);
  if (found == padding_.end()) return input(node);
  if (node.text("padding", "valid") != "valid")
    refuse_import(node, "ZeroPadding before a layer that pads by itself is not supported");
  for (std::size_t a = 0; a < window.size.size(); ++a) {
    window.pad_before[a] += found->second.pad_before.at(a);
    window.pad_after[a] += found->second.pad_after.at(a);
  }
  return input(node);
}

const std::map<std::string, KerasImporter::Handler>& KerasImporter::handlers() {
  using K = KerasImporter;
  static const std::map<std::string, Handler> table{
      {"InputLayer", &K::nothing},
      {"Dropout", &K::nothing},
      {"SpatialDropout1D", &K::nothing},
      {"SpatialDropout2D", &K::nothing},
      {"GaussianNoise", &K::nothing},
      {"GaussianDropout", &K::nothing},
      {"ActivityRegularization", &K::nothing},
      {"ZeroPadding1D", &K::zero_padding},
      {"ZeroPadding2D", &K::zero_padding},
      {"Conv1D", &K::convolution},
      {"Conv2D", &K::convolution},
      {"DepthwiseConv2D", &K::depthwise},
      {"SeparableConv1D", &K::separable},
      {"SeparableConv2D", &K::separable},
      {"Conv1DTranspose", &K::transposed_convolution},
      {"Conv2DTranspose", &K::transposed_convolution},
      {"Dense", &K::dense},
      {"MaxPooling1D", &K::pool},
      {"MaxPooling2D", &K::pool},
      {"AveragePooling1D", &K::pool},
      {"AveragePooling2D", &K::pool},
      {"GlobalMaxPooling1D", &K::global_pool},
      {"GlobalMaxPooling2D", &K::global_pool},
      {"GlobalAveragePooling1D", &K::global_pool},
      {"GlobalAveragePooling2D", &K::global_pool},
      {"BatchNormalization", &K::batch_norm},
      {"LayerNormalization", &K::layer_norm},
      {"Activation", &K::activation},
      {"ReLU", &K::activation},
      {"LeakyReLU", &K::activation},
      {"Softmax", &K::softmax},
      {"Add", &K::merge},
      {"Multiply", &K::merge},
      {"Concatenate", &K::concat},
      {"UpSampling1D", &K::up_sampling},
      {"UpSampling2D", &K::up_sampling},
      {"Flatten", &K::flatten},
      {"Reshape", &K::reshape},
      {"Permute", &K::permute},
      {"LSTM", &K::recurrent},
      {"GRU", &K::recurrent},
      {"Bidirectional", &K::bidirectional},
  };
  return table;
}

Network network_from_keras(const ForeignGraph& graph, const ImportOptions& options) {
  return KerasImporter(graph, options).run();
}

}  // namespace polis
