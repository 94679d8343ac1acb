// What each ONNX node with weights or a window becomes.
#include <algorithm>
#include <cmath>

#include "models/onnx_importer.h"

namespace polis {
namespace {

Shape list_or(const ForeignNode& node, const std::string& key, const Shape& otherwise) {
  const Shape list = node.integers(key);
  if (list.empty()) return otherwise;
  if (list.size() != otherwise.size())
    refuse_import(node, key + " has not " + std::to_string(otherwise.size()) + " entries");
  return list;
}

/// Blocks of rows of a tensor [1, rows, ...], in another order, without the first axis.
Tensor reordered(const ForeignNode& node, const Tensor& tensor,
                 const std::vector<std::size_t>& order) {
  if (tensor.shape.size() < 2 || tensor.shape[0] != 1 ||
      tensor.shape[1] % static_cast<std::int64_t>(order.size()) != 0)
    refuse_import(node, "its weights have a wrong shape, or two directions");
  const std::size_t block = tensor.values.size() / order.size();
  Tensor result{{tensor.shape.begin() + 1, tensor.shape.end()}, {}};
  for (const std::size_t gate : order) {
    const auto first = tensor.values.begin() + static_cast<std::ptrdiff_t>(gate * block);
    result.values.insert(result.values.end(), first, first + static_cast<std::ptrdiff_t>(block));
  }
  return result;
}

}  // namespace

Window OnnxImporter::window(const ForeignNode& node, const Shape& size) const {
  const Shape& in = shape_of_input(node);
  const std::size_t axes = in.size() - 1;
  if (in.size() < 2 || size.size() != axes)
    refuse_import(node, "its window does not suit its input");
  Window w;
  w.size = size;
  w.stride = list_or(node, "strides", Shape(axes, 1));
  w.dilation = list_or(node, "dilations", Shape(axes, 1));
  const Shape pads = list_or(node, "pads", Shape(2 * axes, 0));
  w.pad_before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
  w.pad_after.assign(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end());
  const std::string automatic = node.text("auto_pad", "NOTSET");
  const bool lower = automatic == "SAME_LOWER";
  if (automatic == "NOTSET" || automatic == "VALID") return w;
  if (!lower && automatic != "SAME_UPPER")
    refuse_import(node, "auto_pad " + automatic.substr(0, 80) + " is not supported");
  for (std::size_t a = 0; a < axes; ++a) {
    if (w.stride[a] < 1 || w.size[a] < 1) refuse_import(node, "its window has an entry below 1");
    const std::int64_t steps = (in[a + 1] + w.stride[a] - 1) / w.stride[a];
    const std::int64_t reach = w.dilation[a] * (w.size[a] - 1) + 1;
    const std::int64_t total =
        std::max<std::int64_t>((steps - 1) * w.stride[a] + reach - in[a + 1], 0);
    w.pad_before[a] = lower ? total - total / 2 : total / 2;
    w.pad_after[a] = total - w.pad_before[a];
  }
  return w;
}

void OnnxImporter::convolution(const ForeignNode& node) {
  Layer made = layer(LayerKind::convolution, node);
  const Tensor& weight = tensor(node, 1);
  if (weight.shape.size() < 3) refuse_import(node, "its weight has too few axes");
  made.window = window(node, {weight.shape.begin() + 2, weight.shape.end()});
  take_up_padding(node, made.window);
  made.groups = node.integer("group", 1);
  made.weights["weight"] = weight;
  if (has_input(node, 2)) made.weights["bias"] = tensor(node, 2);
  put(node, std::move(made));
}

void OnnxImporter::transposed_convolution(const ForeignNode& node) {
  if (node.has("output_shape")) refuse_import(node, "output_shape is not supported");
  if (node.text("auto_pad", "NOTSET") != "NOTSET") refuse_import(node, "auto_pad is not supported");
  Layer made = layer(LayerKind::transposed_convolution, node);
  const Tensor& weight = tensor(node, 1);
  if (weight.shape.size() < 3) refuse_import(node, "its weight has too few axes");
  made.window = window(node, {weight.shape.begin() + 2, weight.shape.end()});
  const Shape more = list_or(node, "output_padding", Shape(made.window.size.size(), 0));
  for (std::size_t a = 0; a < more.size(); ++a) {
    made.window.pad_after[a] -= more[a];
    if (made.window.pad_after[a] < 0)
      refuse_import(node, "output_padding beyond what the padding cut off is not supported");
  }
  made.groups = node.integer("group", 1);
  made.weights["weight"] = weight;
  if (has_input(node, 2)) made.weights["bias"] = tensor(node, 2);
  put(node, std::move(made));
}

void OnnxImporter::pool(const ForeignNode& node) {
  const bool largest = node.op == "MaxPool";
  Layer made = layer(largest ? LayerKind::max_pool : LayerKind::average_pool, node);
  made.window = window(node, node.integers("kernel_shape"));
  made.count_padding = node.integer("count_include_pad", 0) != 0;
  const bool pads_itself = made.window.pad_before != Shape(made.window.size.size(), 0) ||
                           made.window.pad_after != Shape(made.window.size.size(), 0);
  if (take_up_padding(node, made.window)) {
    if (pads_itself && !made.count_padding) refuse_import(node, "it is padded in two ways");
    made.count_padding = true;
  }
  if (node.integer("ceil_mode", 0) != 0) {
    const Shape& in = shape_of_input(node);
    const Window& w = made.window;
    for (std::size_t a = 0; a < w.size.size(); ++a)
      if ((in[a + 1] + w.pad_before[a] + w.pad_after[a] - w.size[a]) % w.stride[a] != 0)
        refuse_import(node, "ceil_mode is not supported where it changes the shape");
  }
  put(node, std::move(made));
}

void OnnxImporter::global_pool(const ForeignNode& node) {
  const bool largest = node.op == "GlobalMaxPool";
  const std::size_t pooled = maker_.add(
      layer(largest ? LayerKind::global_max_pool : LayerKind::global_average_pool, node));
  Shape target = maker_.shape(pooled);
  target.resize(shape_of_input(node).size(), 1);
  put(node, maker_.reshape(pooled, target, node.name + "_keepdims"));
}

/// The mean over all spatial axes.
void OnnxImporter::reduce_mean(const ForeignNode& node) {
  const Shape& in = shape_of_input(node);
  std::vector<std::int64_t> axes = node.has("axes") ? node.integers("axes") : integers(node, 1);
  for (std::int64_t& axis : axes) axis = axis_of(node, axis, in.size());
  std::sort(axes.begin(), axes.end());
  bool spatial = axes.size() + 1 == in.size();
  for (std::size_t a = 0; spatial && a < axes.size(); ++a)
    spatial = axes[a] == static_cast<std::int64_t>(a) + 1;
  if (!spatial) refuse_import(node, "it averages over other axes than the spatial ones");
  if (node.integer("keepdims", 1) == 0)
    return put(node, layer(LayerKind::global_average_pool, node));
  const std::size_t pooled = maker_.add(layer(LayerKind::global_average_pool, node));
  Shape target = maker_.shape(pooled);
  target.resize(in.size(), 1);
  put(node, maker_.reshape(pooled, target, node.name + "_keepdims"));
}

void OnnxImporter::gemm(const ForeignNode& node) {
  if (node.integer("transA", 0) != 0 || node.real("alpha", 1.0) != 1.0 ||
      node.real("beta", 1.0) != 1.0)
    refuse_import(node, "transA, alpha and beta are not supported");
  if (shape_of_input(node).size() != 1) refuse_import(node, "its input is no vector");
  Layer made = layer(LayerKind::linear, node);
  const Tensor& weight = tensor(node, 1);
  if (weight.shape.size() != 2) refuse_import(node, "its weight has not two axes");
  made.weights["weight"] = node.integer("transB", 0) != 0 ? weight : permuted(weight, {1, 0});
  if (has_input(node, 2)) {
    const Tensor& bias = tensor(node, 2);
    made.weights["bias"] = {{static_cast<std::int64_t>(bias.values.size())}, bias.values};
  }
  put(node, std::move(made));
}

void OnnxImporter::mat_mul(const ForeignNode& node) {
  Layer made = layer(LayerKind::linear, node);
  const Tensor& weight = tensor(node, 1);
  if (weight.shape.size() != 2) refuse_import(node, "its second factor is no constant matrix");
  made.weights["weight"] = permuted(weight, {1, 0});
  put(node, std::move(made));
}

void OnnxImporter::batch_norm(const ForeignNode& node) {
  if (node.integer("training_mode", 0) != 0) refuse_import(node, "it is in training mode");
  Layer made = layer(LayerKind::batch_norm, node);
  made.epsilon = node.real("epsilon", 1e-5);
  made.weights["scale"] = tensor(node, 1);
  made.weights["shift"] = tensor(node, 2);
  made.weights["mean"] = tensor(node, 3);
  made.weights["variance"] = tensor(node, 4);
  put(node, std::move(made));
}

void OnnxImporter::layer_norm(const ForeignNode& node) {
  const Shape& in = shape_of_input(node);
  const std::int64_t axis = axis_of(node, node.integer("axis", -1), in.size());
  if (axis + 1 != static_cast<std::int64_t>(in.size()))
    refuse_import(node, "it normalises over more than the last axis");
  Layer made = layer(LayerKind::layer_norm, node);
  made.epsilon = node.real("epsilon", 1e-5);
  made.weights["scale"] = tensor(node, 1);
  made.weights["shift"] = has_input(node, 2) ? tensor(node, 2) : filled(in.back(), 0.0F);
  put(node, std::move(made));
}

/// Our rule, half_pixel with rounding; for whole factors also the others that agree with it.
void OnnxImporter::resize(const ForeignNode& node) {
  const Shape& in = shape_of_input(node);
  const std::size_t axes = in.size() - 1;
  const std::string mode = node.text("mode", "nearest");
  const std::string where = node.text("coordinate_transformation_mode", "half_pixel");
  const std::string rounding = node.text("nearest_mode", "round_prefer_floor");
  Layer made = layer(mode == "linear" ? LayerKind::resize_linear : LayerKind::resize_nearest, node);
  if (has_input(node, 3)) {
    const std::vector<std::int64_t> sizes = integers(node, 3);
    if (sizes.size() != axes + 2) refuse_import(node, "its sizes do not suit its input");
    made.target.assign(sizes.begin() + 2, sizes.end());
  } else {
    const Tensor& scales = tensor(node, 2);
    if (scales.values.size() != axes + 2) refuse_import(node, "its scales do not suit its input");
    for (std::size_t a = 0; a < axes; ++a) {
      const double extent = std::floor(static_cast<double>(in[a + 1]) * scales.values[a + 2]);
      if (!(extent >= 1.0 && extent < 1e6)) refuse_import(node, "its scales are out of range");
      made.target.push_back(static_cast<std::int64_t>(extent));
    }
  }
  bool whole = true;
  bool grows = true;
  for (std::size_t a = 0; a < axes; ++a) {
    whole = whole && made.target[a] % in[a + 1] == 0;
    grows = grows && made.target[a] > 1;
  }
  const bool half = where == "half_pixel" || (where == "pytorch_half_pixel" && grows);
  const bool floor = where == "asymmetric" && rounding == "floor" && whole;
  const bool nearest =
      mode == "nearest" && (floor || (half && (whole || rounding == "round_prefer_ceil")));
  if (!nearest && !(mode == "linear" && half))
    refuse_import(node, mode.substr(0, 80) + " with " + where.substr(0, 80) + " and " +
                            rounding.substr(0, 80) + " is not supported");
  put(node, std::move(made));
}

void OnnxImporter::recurrent(const ForeignNode& node) {
  const bool lstm = node.op == "LSTM";
  const bool batch_first = node.integer("layout", 0) == 1;
  const Value& series = any_input(node, 0);
  if (series.form != (batch_first ? Form::batch_first : Form::steps_first))
    refuse_import(node, "its input has not the steps first");
  if (node.has("activations") || node.has("clip") || has_input(node, 4) || has_input(node, 5) ||
      has_input(node, 6) || has_input(node, 7))
    refuse_import(node, "activations, clipping, lengths, states and peepholes are not supported");
  const std::string direction = node.text("direction", "forward");
  if (direction != "forward" && direction != "reverse")
    refuse_import(node, "two directions in one node are not supported");
  // i, o, f, c becomes i, f, c, o.
  const std::vector<std::size_t> order =
      lstm ? std::vector<std::size_t>{0, 2, 3, 1} : std::vector<std::size_t>{0, 1, 2};
  Layer made;
  made.kind = lstm ? LayerKind::lstm : LayerKind::gru;
  made.name = node.name;
  made.inputs = {series.layer};
  made.backwards = direction == "reverse";
  made.linear_before_reset = !lstm && node.integer("linear_before_reset", 0) != 0;
  made.weights["input_weight"] = reordered(node, tensor(node, 1), order);
  made.weights["hidden_weight"] = reordered(node, tensor(node, 2), order);
  if (has_input(node, 3)) {
    const Tensor& both = tensor(node, 3);
    if (both.shape.size() != 2 || both.shape[0] != 1 || both.shape[1] % 2 != 0)
      refuse_import(node, "its bias has a wrong shape");
    const std::int64_t rows = both.shape[1] / 2;
    const auto middle = both.values.begin() + rows;
    made.weights["bias"] = reordered(node, {{1, rows}, {both.values.begin(), middle}}, order);
    made.weights["hidden_bias"] = reordered(node, {{1, rows}, {middle, both.values.end()}}, order);
  }
  const auto wanted = [&](std::size_t which) {
    return which < node.outputs.size() && uses_.count(node.outputs[which]) > 0;
  };
  if (wanted(2)) refuse_import(node, "the cell's state is not to be had");
  if (wanted(0)) {
    if (batch_first) refuse_import(node, "layout 1 with all steps as result is not supported");
    values_[node.outputs[0]] = {maker_.add(made), Form::steps_directions};
  }
  if (wanted(1)) {
    made.last_only = true;
    values_[node.outputs[1]] = {maker_.add(made), Form::state_directions};
  }
}

}  // namespace polis
