#include <algorithm>

#include "base/error.h"
#include "models/onnx_importer.h"

namespace polis {
namespace {

Shape input_shape(const ForeignGraph& graph, const ImportOptions& options) {
  const auto refuse = [](const std::string& why) {
    throw Error(ErrorKind::bad_input, "cannot import the ONNX network", why,
                "give its input shape, channels first");
  };
  if (graph.inputs.size() != 1)
    refuse("it has " + std::to_string(graph.inputs.size()) + " inputs, not one");
  if (!options.input_shape.empty()) return options.input_shape;
  const Shape& shape = graph.inputs[0].shape;
  if (shape.size() < 2) refuse("the shape of its input is not given");
  Shape result(shape.begin() + 1, shape.end());
  for (const std::int64_t extent : result)
    if (extent < 1) refuse("its input shape is not fixed");
  return result;
}

}  // namespace

OnnxImporter::OnnxImporter(const ForeignGraph& graph, const ImportOptions& options)
    : graph_(without_zero_states(with_gelu(graph))),
      options_(options),
      maker_(input_shape(graph, options)) {
  for (const ForeignNode& node : graph_.nodes)
    for (const std::string& name : node.inputs) ++uses_[name];
  for (const ForeignValue& value : graph_.outputs) ++uses_[value.name];
}

Network OnnxImporter::run() {
  values_[graph_.inputs[0].name] = {};
  for (const ForeignNode& node : graph_.nodes) {
    const auto handler = handlers().find(node.op);
    if (handler == handlers().end()) refuse_import(node, "such nodes are not supported");
    if (node.outputs.empty()) refuse_import(node, "it has no output");
    for (const std::string& name : node.inputs)
      if (padding_.count(name) > 0 && node.op != "Conv" && node.op != "AveragePool")
        refuse_import(node, "only a convolution or an average may follow a Pad");
    (this->*handler->second)(node);
  }
  const auto result =
      graph_.outputs.size() == 1 ? values_.find(graph_.outputs[0].name) : values_.end();
  if (result == values_.end() || result->second.form != Form::batch_first)
    throw Error(ErrorKind::bad_input, "cannot import the ONNX network", "it has not one output");
  return maker_.finish(result->second.layer, graph_, options_);
}

const OnnxImporter::Value& OnnxImporter::any_input(const ForeignNode& node,
                                                   std::size_t which) const {
  if (!has_input(node, which)) refuse_import(node, "it lacks an input");
  const auto found = values_.find(node.inputs[which]);
  if (found == values_.end()) {
    refuse_import(node, "its input " + node.inputs[which].substr(0, 80) +
                            " is neither made before it nor of use there");
  }
  return found->second;
}

std::size_t OnnxImporter::input(const ForeignNode& node, std::size_t which) const {
  const Value& value = any_input(node, which);
  if (value.form != Form::batch_first)
    refuse_import(node, "its input comes from a recurrent node and still has its axes");
  return value.layer;
}

bool OnnxImporter::has_input(const ForeignNode& node, std::size_t which) const {
  return which < node.inputs.size() && !node.inputs[which].empty();
}

bool OnnxImporter::is_tensor(const ForeignNode& node, std::size_t which) const {
  return has_input(node, which) && graph_.tensors.count(node.inputs[which]) > 0;
}

const Tensor& OnnxImporter::tensor(const ForeignNode& node, std::size_t which) const {
  if (!has_input(node, which)) refuse_import(node, "it lacks a weight");
  return tensor_of(graph_, node, node.inputs[which]);
}

std::vector<std::int64_t> OnnxImporter::integers(const ForeignNode& node, std::size_t which) const {
  const auto found =
      has_input(node, which) ? graph_.integers.find(node.inputs[which]) : graph_.integers.end();
  if (found == graph_.integers.end()) refuse_import(node, "its shape or axes are not constant");
  return found->second;
}

Layer OnnxImporter::layer(LayerKind kind, const ForeignNode& node) const {
  Layer layer;
  layer.kind = kind;
  layer.name = node.name;
  layer.inputs = {input(node)};
  return layer;
}

void OnnxImporter::put(const ForeignNode& node, std::size_t layer, Form form) {
  if (!values_.emplace(node.outputs[0], Value{layer, form}).second)
    refuse_import(node, "its output is made twice");
}

void OnnxImporter::put(const ForeignNode& node, Layer made) {
  put(node, maker_.add(std::move(made)));
}

/// Axis of the file, which counts the batch, as one of ours.
std::int64_t OnnxImporter::axis_of(const ForeignNode& node, std::int64_t axis,
                                   std::size_t axes) const {
  if (axis < 0) axis += static_cast<std::int64_t>(axes) + 1;
  if (axis < 1 || axis > static_cast<std::int64_t>(axes))
    refuse_import(node, "it works along the batch or along no axis");
  return axis - 1;
}

void OnnxImporter::nothing(const ForeignNode& node) {
  const Value& value = any_input(node, 0);
  put(node, value.layer, value.form);
}

void OnnxImporter::activation(const ForeignNode& node) {
  static const std::map<std::string, LayerKind> kinds{
      {"Relu", LayerKind::relu},       {"LeakyRelu", LayerKind::leaky_relu},
      {"Sigmoid", LayerKind::sigmoid}, {"Tanh", LayerKind::tanh},
      {"Gelu", LayerKind::gelu},
  };
  Layer made = layer(kinds.at(node.op), node);
  if (node.op == "LeakyRelu") made.alpha = node.real("alpha", 0.01);
  if (node.text("approximate", "none") == "tanh") made.kind = LayerKind::gelu_tanh;
  put(node, std::move(made));
}

void OnnxImporter::softmax(const ForeignNode& node) {
  const std::size_t axes = shape_of_input(node).size();
  // Before operator set 13 all axes from `axis` on were one.
  const bool old = graph_.version < 13;
  Layer made = layer(LayerKind::softmax, node);
  made.axis = axis_of(node, node.integer("axis", old ? 1 : -1), axes);
  if (old && made.axis + 1 != static_cast<std::int64_t>(axes))
    refuse_import(node, "a softmax over several axes is not supported");
  put(node, std::move(made));
}

void OnnxImporter::concat(const ForeignNode& node) {
  Layer made = layer(LayerKind::concat, node);
  made.axis = axis_of(node, node.integer("axis", 1), shape_of_input(node).size());
  for (std::size_t i = 1; i < node.inputs.size(); ++i) made.inputs.push_back(input(node, i));
  if (made.inputs.size() == 1) return put(node, made.inputs[0]);
  put(node, std::move(made));
}

void OnnxImporter::flatten(const ForeignNode& node) {
  if (node.integer("axis", 1) != 1) refuse_import(node, "it flattens the batch");
  if (shape_of_input(node).size() == 1) return nothing(node);
  put(node, layer(LayerKind::flatten, node));
}

void OnnxImporter::reshape(const ForeignNode& node) {
  const Shape& in = shape_of_input(node);
  const std::vector<std::int64_t> shape = integers(node, 1);
  if (shape.size() < 2) refuse_import(node, "it mixes stamps");
  Shape target(shape.begin() + 1, shape.end());
  std::int64_t known = 1;
  for (std::size_t a = 0; a < target.size(); ++a) {
    if (target[a] == 0 && a < in.size()) target[a] = in[a];
    if (target[a] > 0 && known < (std::int64_t{1} << 40)) known *= target[a];
  }
  for (std::int64_t& extent : target)
    if (extent == -1) extent = elements_of(in) / known;
  put(node, maker_.reshape(input(node), target, node.name));
}

/// Ours after our own axes; and perhaps the batch moves between the place that recurrent nodes want
/// for it (second of three) and the first.
void OnnxImporter::transpose(const ForeignNode& node) {
  const Value& value = any_input(node, 0);
  const std::vector<std::int64_t> order = node.integers("perm");
  const std::size_t axes = maker_.shape(value.layer).size() + 1;
  const std::int64_t batch = value.form == Form::batch_first ? 0 : 1;
  const auto place = std::find(order.begin(), order.end(), batch) - order.begin();
  if (order.size() != axes ||
      (value.form != Form::batch_first && value.form != Form::steps_first) ||
      place > (axes == 3 ? 1 : 0))
    refuse_import(node, "it moves the batch");
  Shape target;
  for (const std::int64_t axis : order)
    if (axis != batch) target.push_back(axis > batch ? axis - 1 : axis);
  if (target.size() + 1 != axes) refuse_import(node, "its order of axes is none");
  Shape same(target);
  std::sort(same.begin(), same.end());
  const std::size_t from = value.layer;
  put(node, same == target ? from : maker_.permute(from, target, node.name),
      place == 0 ? Form::batch_first : Form::steps_first);
}

/// Axes are an attribute before operator set 13, an input since.
void OnnxImporter::squeeze(const ForeignNode& node) {
  const std::vector<std::int64_t> axes =
      node.has("axes") ? node.integers("axes") : integers(node, 1);
  const Value& value = any_input(node, 0);
  if (value.form == Form::steps_directions && axes == std::vector<std::int64_t>{1})
    return put(node, value.layer, Form::steps_first);
  if (value.form == Form::state_directions && axes == std::vector<std::int64_t>{0})
    return put(node, value.layer);
  const Shape& in = shape_of_input(node);
  std::vector<bool> gone(in.size(), false);
  for (const std::int64_t axis : axes)
    gone[static_cast<std::size_t>(axis_of(node, axis, in.size()))] = true;
  Shape target;
  for (std::size_t a = 0; a < in.size(); ++a)
    if (!gone[a]) target.push_back(in[a]);
  put(node, maker_.reshape(input(node), target, node.name));
}

void OnnxImporter::unsqueeze(const ForeignNode& node) {
  std::vector<std::int64_t> axes = node.has("axes") ? node.integers("axes") : integers(node, 1);
  Shape target = shape_of_input(node);
  const std::size_t result_axes = target.size() + axes.size();
  for (std::int64_t& axis : axes) axis = axis_of(node, axis, result_axes);
  std::sort(axes.begin(), axes.end());
  for (const std::int64_t axis : axes) {
    if (axis > static_cast<std::int64_t>(target.size())) refuse_import(node, "its axes are none");
    target.insert(target.begin() + axis, 1);
  }
  put(node, maker_.reshape(input(node), target, node.name));
}

/// Zeros around the spatial axes; pads: the begins of all axes, then the ends.
void OnnxImporter::pad(const ForeignNode& node) {
  const std::size_t axes = shape_of_input(node).size() + 1;
  const std::vector<std::int64_t> pads =
      node.has("pads") ? node.integers("pads") : integers(node, 1);
  const bool zeros = !has_input(node, 2) || tensor(node, 2).values == std::vector<float>{0.0F};
  if (node.text("mode", "constant") != "constant" || !zeros || node.real("value", 0.0) != 0.0)
    refuse_import(node, "only zeros are supported");
  if (pads.size() != 2 * axes || axes < 3) refuse_import(node, "its pads do not suit its input");
  Window window;
  for (std::size_t a = 0; a < axes; ++a) {
    const bool none = pads[a] == 0 && pads[axes + a] == 0;
    if ((a < 2 && !none) || pads[a] < 0 || pads[axes + a] < 0)
      refuse_import(node, "it pads the batch or the channels, or cuts");
    if (a < 2) continue;
    window.pad_before.push_back(pads[a]);
    window.pad_after.push_back(pads[axes + a]);
  }
  if (std::any_of(pads.begin(), pads.end(), [](std::int64_t p) { return p != 0; }))
    padding_[node.outputs[0]] = window;
  nothing(node);
}

/// Adds the zeros of a Pad before the node to its window; whether there were any.
bool OnnxImporter::take_up_padding(const ForeignNode& node, Window& window) const {
  const auto found = padding_.find(node.inputs.at(0));
  if (found == padding_.end()) return false;
  for (std::size_t a = 0; a < window.size.size(); ++a) {
    window.pad_before[a] += found->second.pad_before.at(a);
    window.pad_after[a] += found->second.pad_after.at(a);
  }
  return true;
}

void OnnxImporter::sum_or_product(const ForeignNode& node) {
  if (node.inputs.size() != 2) refuse_import(node, "it has not two inputs");
  if (is_tensor(node, 1)) return with_constant(node, 0, 1);
  if (is_tensor(node, 0)) return with_constant(node, 1, 0);
  if (node.op != "Add" && node.op != "Mul")
    refuse_import(node, "of two values of the network there are sums and products only");
  Layer made = layer(node.op == "Add" ? LayerKind::add : LayerKind::multiply, node);
  made.inputs.push_back(input(node, 1));
  put(node, std::move(made));
}

/// A number, or one per channel, beside a value: a norm that only scales and shifts.
void OnnxImporter::with_constant(const ForeignNode& node, std::size_t value, std::size_t constant) {
  const Tensor& given = tensor(node, constant);
  const std::size_t from = input(node, value);
  if (node.op == "Add" && as_bias(node, from, given)) return;
  const Shape& in = maker_.shape(from);
  const std::int64_t channels = in[0];
  const bool one = given.values.size() == 1;
  // Broadcasting aligns the last axes: [C, 1, 1] or [1, C, 1, 1] is one number per channel.
  Shape aligned = given.shape;
  while (aligned.size() > in.size() && aligned.front() == 1) aligned.erase(aligned.begin());
  Shape wanted(in.size(), 1);
  wanted[0] = channels;
  if (!one && aligned != wanted)
    refuse_import(node, "its constant is neither a number nor one number per channel");
  Layer made = layer(LayerKind::batch_norm, node);
  made.inputs = {from};
  made.weights["scale"] = filled(channels, 1.0F);
  made.weights["shift"] = filled(channels, 0.0F);
  made.weights["mean"] = filled(channels, 0.0F);
  made.weights["variance"] = filled(channels, 1.0F);
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    const float number = given.values[one ? 0 : c];
    float& scale = made.weights["scale"].values[c];
    float& shift = made.weights["shift"].values[c];
    if (node.op == "Mul") scale = number;
    if (node.op == "Div" && value == 0) scale = 1.0F / number;
    if (node.op == "Add") shift = number;
    if (node.op == "Sub") shift = value == 0 ? -number : number;
    if (node.op == "Sub" && value == 1) scale = -1.0F;
  }
  if (node.op == "Div" && value == 1) refuse_import(node, "it divides by a value of the network");
  put(node, std::move(made));
}

/// The sum after a matrix product is its bias.
bool OnnxImporter::as_bias(const ForeignNode& node, std::size_t value, const Tensor& constant) {
  Layer& product = maker_.layer(value);
  const std::string& name = is_tensor(node, 1) ? node.inputs[0] : node.inputs[1];
  if (product.kind != LayerKind::linear || product.weight("bias") != nullptr || uses_[name] != 1)
    return false;
  const std::int64_t outputs = product.weight("weight")->shape[0];
  if (constant.shape.empty() || static_cast<std::int64_t>(constant.values.size()) != outputs ||
      constant.shape.back() != outputs)
    return false;
  product.weights["bias"] = {{outputs}, constant.values};
  put(node, value);
  return true;
}

const std::map<std::string, OnnxImporter::Handler>& OnnxImporter::handlers() {
  using O = OnnxImporter;
  static const std::map<std::string, Handler> table{
      {"Identity", &O::nothing},
      {"Dropout", &O::nothing},
      {"Relu", &O::activation},
      {"LeakyRelu", &O::activation},
      {"Sigmoid", &O::activation},
      {"Tanh", &O::activation},
      {"Gelu", &O::activation},
      {"Softmax", &O::softmax},
      {"Concat", &O::concat},
      {"Flatten", &O::flatten},
      {"Reshape", &O::reshape},
      {"Transpose", &O::transpose},
      {"Squeeze", &O::squeeze},
      {"Unsqueeze", &O::unsqueeze},
      {"Pad", &O::pad},
      {"Add", &O::sum_or_product},
      {"Sub", &O::sum_or_product},
      {"Mul", &O::sum_or_product},
      {"Div", &O::sum_or_product},
      {"Conv", &O::convolution},
      {"ConvTranspose", &O::transposed_convolution},
      {"MaxPool", &O::pool},
      {"AveragePool", &O::pool},
      {"GlobalMaxPool", &O::global_pool},
      {"GlobalAveragePool", &O::global_pool},
      {"ReduceMean", &O::reduce_mean},
      {"Gemm", &O::gemm},
      {"MatMul", &O::mat_mul},
      {"BatchNormalization", &O::batch_norm},
      {"LayerNormalization", &O::layer_norm},
      {"Resize", &O::resize},
      {"LSTM", &O::recurrent},
      {"GRU", &O::recurrent},
  };
  return table;
}

Network network_from_onnx(const ForeignGraph& graph, const ImportOptions& options) {
  return OnnxImporter(graph, options).run();
}

}  // namespace polis
