// What each Keras layer becomes.
#include <algorithm>

#include "models/keras_importer.h"

namespace polis {
namespace {

Shape list_or(const ForeignNode& node, const std::string& key, std::size_t axes,
              const Shape& otherwise) {
  Shape list = node.integers(key);
  if (list.empty()) list = otherwise;
  if (list.size() == 1) list.resize(axes, list[0]);
  if (list.size() != axes)
    refuse_import(node, key + " has not " + std::to_string(axes) + " entries");
  return list;
}

/// Axes of a kernel [k..., a, b] as [first, second, k...].
Shape kernel_order(std::size_t axes, std::int64_t first, std::int64_t second) {
  Shape order{first, second};
  for (std::size_t a = 0; a < axes; ++a) order.push_back(static_cast<std::int64_t>(a));
  return order;
}

bool channels_last_data(const ForeignNode& node) {
  return node.text("data_format", "channels_last") == "channels_last";
}

Tensor kernel_of(const ForeignNode& node, const Tensor& tensor, const Shape& order) {
  if (tensor.shape.size() != order.size())
    refuse_import(node, "its kernel has not " + std::to_string(order.size()) + " axes");
  return permuted(tensor, order);
}

}  // namespace

/// Size, steps and padding over the spatial axes of the input ("same" is worked out here).
Window KerasImporter::window(const ForeignNode& node, const char* size_key, bool transposed) {
  const Shape& in = shape_of_input(node);
  if (in.size() < 2) refuse_import(node, "its input is no image and no series");
  if (!channels_last_data(node)) refuse_import(node, "channels_first data are not supported");
  const std::size_t axes = in.size() - 1;
  Window w;
  w.size = list_or(node, size_key, axes, {});
  const bool pool = std::string_view(size_key) == "pool_size";
  w.stride = list_or(node, "strides", axes, pool ? w.size : Shape{1});
  w.dilation = list_or(node, "dilation_rate", axes, {1});
  w.pad_before.assign(axes, 0);
  w.pad_after.assign(axes, 0);
  const std::string padding = node.text("padding", "valid");
  if (padding != "valid" && padding != "same")
    refuse_import(node, "padding " + padding.substr(0, 80) + " is not supported");
  for (std::size_t a = 0; a < axes; ++a) {
    if (w.size[a] < 1 || w.stride[a] < 1 || w.dilation[a] < 1)
      refuse_import(node, "its window has an entry below 1");
    const std::int64_t reach = w.dilation[a] * (w.size[a] - 1) + 1;
    const std::int64_t length = in[a + 1];
    std::int64_t total = 0;
    if (transposed) {
      if (reach < w.stride[a]) refuse_import(node, "its kernel is smaller than its stride");
      if (padding == "same") total = reach - w.stride[a];
    } else if (padding == "same") {
      const std::int64_t steps = (length + w.stride[a] - 1) / w.stride[a];
      total = std::max<std::int64_t>((steps - 1) * w.stride[a] + reach - length, 0);
    }
    w.pad_before[a] = total / 2;
    w.pad_after[a] = total - total / 2;
  }
  return w;
}

void KerasImporter::put_bias(Layer& layer, const ForeignNode& node) const {
  if (node.integer("use_bias", 1) != 0) layer.weights["bias"] = weight(node, "bias");
}

std::size_t KerasImporter::convolution(const ForeignNode& node) {
  Layer made = layer(LayerKind::convolution, node);
  made.window = window(node, "kernel_size", false);
  made.inputs = {padded(node, made.window)};
  made.groups = node.integer("groups", 1);
  const std::size_t axes = made.window.size.size();
  const auto last = static_cast<std::int64_t>(axes);
  made.weights["weight"] =
      kernel_of(node, weight(node, "kernel"), kernel_order(axes, last + 1, last));
  put_bias(made, node);
  return activated(node, maker_.add(std::move(made)), node.text("activation", "linear"));
}

/// Kernel [k..., C, m]: output channel c * m + i looks at input channel c.
std::size_t KerasImporter::depthwise_part(const ForeignNode& node, const std::string& kernel,
                                          bool bias) {
  Layer made = layer(LayerKind::convolution, node);
  made.window = window(node, "kernel_size", false);
  made.inputs = {padded(node, made.window)};
  const std::size_t axes = made.window.size.size();
  const auto last = static_cast<std::int64_t>(axes);
  Tensor tensor = kernel_of(node, weight(node, kernel), kernel_order(axes, last, last + 1));
  made.groups = tensor.shape[0];
  tensor.shape[0] *= tensor.shape[1];
  tensor.shape[1] = 1;
  made.weights["weight"] = std::move(tensor);
  if (bias) put_bias(made, node);
  return maker_.add(std::move(made));
}

std::size_t KerasImporter::depthwise(const ForeignNode& node) {
  const std::string kernel = has_weight(node, "depthwise_kernel") ? "depthwise_kernel" : "kernel";
  return activated(node, depthwise_part(node, kernel, true), node.text("activation", "linear"));
}

std::size_t KerasImporter::separable(const ForeignNode& node) {
  const std::size_t first = depthwise_part(node, "depthwise_kernel", false);
  Layer made = layer(LayerKind::convolution, node);
  made.name += "_pointwise";
  made.inputs = {first};
  const std::size_t axes = maker_.shape(first).size() - 1;
  const Shape ones(axes, 1);
  const Shape zeros(axes, 0);
  made.window = {ones, ones, ones, zeros, zeros};
  const auto last = static_cast<std::int64_t>(axes);
  made.weights["weight"] =
      kernel_of(node, weight(node, "pointwise_kernel"), kernel_order(axes, last + 1, last));
  put_bias(made, node);
  return activated(node, maker_.add(std::move(made)), node.text("activation", "linear"));
}

std::size_t KerasImporter::transposed_convolution(const ForeignNode& node) {
  if (node.has("output_padding")) refuse_import(node, "output_padding is not supported");
  Layer made = layer(LayerKind::transposed_convolution, node);
  made.window = window(node, "kernel_size", true);
  const std::size_t axes = made.window.size.size();
  const auto last = static_cast<std::int64_t>(axes);
  // Keras: [k..., outputs, inputs].
  made.weights["weight"] =
      kernel_of(node, weight(node, "kernel"), kernel_order(axes, last + 1, last));
  put_bias(made, node);
  return activated(node, maker_.add(std::move(made)), node.text("activation", "linear"));
}

/// On a vector a linear layer; on an image or series, where Keras works on the channels of each
/// place, a convolution of size 1.
std::size_t KerasImporter::dense(const ForeignNode& node) {
  const std::size_t axes = shape_of_input(node).size() - 1;
  Layer made = layer(axes == 0 ? LayerKind::linear : LayerKind::convolution, node);
  Tensor kernel = kernel_of(node, weight(node, "kernel"), {1, 0});
  if (axes > 0) {
    kernel.shape.resize(axes + 2, 1);
    const Shape ones(axes, 1);
    const Shape zeros(axes, 0);
    made.window = {ones, ones, ones, zeros, zeros};
  }
  made.weights["weight"] = std::move(kernel);
  put_bias(made, node);
  return activated(node, maker_.add(std::move(made)), node.text("activation", "linear"));
}

std::size_t KerasImporter::pool(const ForeignNode& node) {
  const bool largest = node.op.starts_with("Max");
  Layer made = layer(largest ? LayerKind::max_pool : LayerKind::average_pool, node);
  made.window = window(node, "pool_size", false);
  return maker_.add(std::move(made));
}

std::size_t KerasImporter::global_pool(const ForeignNode& node) {
  const bool largest = node.op.find("Max") != std::string::npos;
  const std::size_t pooled =
      maker_.add(largest ? LayerKind::global_max_pool : LayerKind::global_average_pool, node.name,
                 {input(node)});
  if (node.integer("keepdims", 0) == 0) return pooled;
  Shape target = maker_.shape(pooled);
  target.resize(shape_of_input(node).size(), 1);
  return maker_.reshape(pooled, target, node.name + "_keepdims");
}

std::size_t KerasImporter::batch_norm(const ForeignNode& node) {
  const Shape& in = shape_of_input(node);
  const std::int64_t axis = node.integer("axis", -1);
  if (axis != -1 && axis != static_cast<std::int64_t>(in.size()))
    refuse_import(node, "it normalises along another axis than the channels");
  Layer made = layer(LayerKind::batch_norm, node);
  made.epsilon = node.real("epsilon", 1e-3);
  const bool scales = node.integer("scale", 1) != 0;
  const bool shifts = node.integer("center", 1) != 0;
  made.weights["scale"] = scales ? weight(node, "gamma") : filled(in[0], 1.0F);
  made.weights["shift"] = shifts ? weight(node, "beta") : filled(in[0], 0.0F);
  made.weights["mean"] = weight(node, "moving_mean");
  made.weights["variance"] = weight(node, "moving_variance");
  return maker_.add(std::move(made));
}

std::size_t KerasImporter::layer_norm(const ForeignNode& node) {
  const Shape& in = shape_of_input(node);
  const std::int64_t axis = node.integer("axis", -1);
  if ((axis != -1 && axis != static_cast<std::int64_t>(in.size())) ||
      node.integers("axis").size() > 1)
    refuse_import(node, "it normalises along other axes than the channels");
  Layer made = layer(LayerKind::layer_norm, node);
  made.epsilon = node.real("epsilon", 1e-3);
  const bool scales = node.integer("scale", 1) != 0;
  const bool shifts = node.integer("center", 1) != 0;
  made.weights["scale"] = scales ? weight(node, "gamma") : filled(in[0], 1.0F);
  made.weights["shift"] = shifts ? weight(node, "beta") : filled(in[0], 0.0F);
  made.inputs = {channels_last(input(node), node.name)};
  return channels_first(maker_.add(std::move(made)), node.name);
}

std::size_t KerasImporter::activation(const ForeignNode& node) {
  if (node.op == "Activation") return activated(node, input(node), node.text("activation", ""));
  if (node.has("max_value")) refuse_import(node, "a largest value is not supported");
  if (node.real("threshold", 0.0) != 0.0) refuse_import(node, "a threshold is not supported");
  Layer made = layer(LayerKind::leaky_relu, node);
  made.alpha = node.op == "LeakyReLU" ? node.real("alpha", 0.3) : node.real("negative_slope", 0.0);
  if (made.alpha == 0.0) made.kind = LayerKind::relu;
  return maker_.add(std::move(made));
}

std::size_t KerasImporter::softmax(const ForeignNode& node) {
  const auto axes = static_cast<std::int64_t>(shape_of_input(node).size());
  const std::int64_t axis = node.integer("axis", -1);
  if (axis != -1 && axis != axes) refuse_import(node, "it works along another axis than channels");
  return maker_.add(LayerKind::softmax, node.name, {input(node)});
}

std::size_t KerasImporter::merge(const ForeignNode& node) {
  if (node.inputs.size() < 2) refuse_import(node, "it has less than two inputs");
  const LayerKind kind = node.op == "Add" ? LayerKind::add : LayerKind::multiply;
  std::size_t result = input(node);
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    const std::string name = node.name + (i == 1 ? "" : "_" + std::to_string(i));
    result = maker_.add(kind, name, {result, input(node, i)});
  }
  return result;
}

std::size_t KerasImporter::concat(const ForeignNode& node) {
  const auto axes = static_cast<std::int64_t>(shape_of_input(node).size());
  std::int64_t axis = node.integer("axis", -1);
  if (axis < 0) axis += axes + 1;
  if (axis < 1 || axis > axes) refuse_import(node, "it joins along the batch");
  Layer made = layer(LayerKind::concat, node);
  made.inputs.clear();
  for (std::size_t i = 0; i < node.inputs.size(); ++i) made.inputs.push_back(input(node, i));
  made.axis = axis == axes ? 0 : axis;
  return maker_.add(std::move(made));
}

std::size_t KerasImporter::up_sampling(const ForeignNode& node) {
  const Shape& in = shape_of_input(node);
  const Shape factor = list_or(node, "size", in.size() - 1, {2});
  const std::string how = node.text("interpolation", "nearest");
  if (how != "nearest" && how != "bilinear")
    refuse_import(node, "interpolation " + how.substr(0, 80) + " is not supported");
  Layer made = layer(how == "nearest" ? LayerKind::resize_nearest : LayerKind::resize_linear, node);
  for (std::size_t a = 0; a < factor.size(); ++a) {
    if (factor[a] < 1 || factor[a] > 1024) refuse_import(node, "its factor is out of range");
    made.target.push_back(in[a + 1] * factor[a]);
  }
  return maker_.add(std::move(made));
}

std::size_t KerasImporter::flatten(const ForeignNode& node) {
  const std::size_t last = channels_last(input(node), node.name);
  return maker_.shape(last).size() == 1 ? last : maker_.add(LayerKind::flatten, node.name, {last});
}

std::size_t KerasImporter::reshape(const ForeignNode& node) {
  Shape target = node.integers("target_shape");
  const std::int64_t count = elements_of(shape_of_input(node));
  std::int64_t known = 1;
  for (const std::int64_t extent : target) known *= std::max<std::int64_t>(extent, 1);
  for (std::int64_t& extent : target)
    if (extent == -1 && known > 0) extent = count / known;
  const std::size_t last = channels_last(input(node), node.name);
  return channels_first(maker_.reshape(last, target, node.name), node.name);
}

std::size_t KerasImporter::permute(const ForeignNode& node) {
  Shape order = node.integers("dims");
  for (std::int64_t& axis : order) --axis;
  const std::size_t last = channels_last(input(node), node.name);
  return channels_first(maker_.permute(last, order, node.name), node.name);
}

/// One LSTM or GRU over [T, C]; `config` and `weights` are prefixes.
std::size_t KerasImporter::one_direction(const ForeignNode& node, const std::string& op,
                                         const std::string& config, const std::string& weights,
                                         bool backwards, std::size_t series) {
  if (op != "LSTM" && op != "GRU") refuse_import(node, op.substr(0, 80) + " is not supported");
  if (node.text(config + "activation", "tanh") != "tanh" ||
      node.text(config + "recurrent_activation", "sigmoid") != "sigmoid")
    refuse_import(node, "its gates have other activations than sigmoid and tanh");
  Layer made = layer(op == "LSTM" ? LayerKind::lstm : LayerKind::gru, node);
  if (!weights.empty()) made.name += backwards ? "_backward" : "_forward";
  made.inputs = {series};
  made.backwards = backwards;
  made.last_only = node.integer(config + "return_sequences", 0) == 0;
  made.linear_before_reset = op == "GRU" && node.integer(config + "reset_after", 0) != 0;
  made.weights["input_weight"] = kernel_of(node, weight(node, weights + "kernel"), {1, 0});
  made.weights["hidden_weight"] =
      kernel_of(node, weight(node, weights + "recurrent_kernel"), {1, 0});
  if (node.integer(config + "use_bias", 1) != 0) {
    Tensor bias = weight(node, weights + "bias");
    if (made.linear_before_reset) {
      if (bias.shape.size() != 2 || bias.shape[0] != 2)
        refuse_import(node, "its bias has not two rows");
      const auto half = static_cast<std::ptrdiff_t>(bias.values.size() / 2);
      made.weights["hidden_bias"] = {{half}, {bias.values.begin() + half, bias.values.end()}};
      bias = {{half}, {bias.values.begin(), bias.values.begin() + half}};
    }
    made.weights["bias"] = std::move(bias);
  }
  return maker_.add(std::move(made));
}

std::size_t KerasImporter::recurrent(const ForeignNode& node) {
  const bool backwards = node.integer("go_backwards", 0) != 0;
  if (backwards && node.integer("return_sequences", 0) != 0)
    refuse_import(node, "a reversed series as result is not supported");
  const std::size_t series = channels_last(input(node), node.name);
  return channels_first(one_direction(node, node.op, "", "", backwards, series), node.name);
}

std::size_t KerasImporter::bidirectional(const ForeignNode& node) {
  if (node.text("merge_mode", "concat") != "concat")
    refuse_import(node, "only merge_mode concat is supported");
  const std::string op = node.text("layer.class_name", "");
  const std::size_t series = channels_last(input(node), node.name);
  const std::size_t forward = one_direction(node, op, "layer.", "forward/", false, series);
  const std::size_t backward = one_direction(node, op, "layer.", "backward/", true, series);
  Layer joined = layer(LayerKind::concat, node);
  joined.inputs = {forward, backward};
  joined.axis = static_cast<std::int64_t>(maker_.shape(forward).size()) - 1;
  return channels_first(maker_.add(std::move(joined)), node.name);
}

}  // namespace polis
