#include "models/shapes.h"

#include <algorithm>
#include <set>

#include "base/error.h"

namespace polis {
namespace {

// What a file may ask for: more than any network here needs, less than hurts.
constexpr std::int64_t kMostElements = std::int64_t{1} << 28;  // of one layer's result or weight
constexpr std::int64_t kMostWindow = 4096;                     // entries of a window
constexpr std::int64_t kMostExtent = std::int64_t{1} << 16;    // of a resized image

/// Works out one layer; all refusals name it.
class LayerShape {
 public:
  LayerShape(const Layer& layer, const std::vector<Shape>& shapes) : layer_(layer) {
    for (const std::size_t input : layer.inputs) {
      if (input >= shapes.size())
        refuse("it takes the result of a layer that does not come before");
      inputs_.push_back(shapes[input]);
    }
    for (const auto& [role, tensor] : layer.weights) check_tensor(role, tensor);
  }

  Shape result() {
    Shape shape = by_kind();
    for (const auto& [role, tensor] : layer_.weights)
      if (known_.count(role) == 0)
        refuse("it has a weight \"" + role.substr(0, 80) + "\" it cannot use");
    const std::int64_t count = elements_of(shape);
    if (count < 1 || count > kMostElements)
      refuse("its result would have the shape [" + shape_text(shape) + "]");
    return shape;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorKind::bad_input,
                "cannot use the network: layer " + layer_.name.substr(0, 80) + " (" +
                    std::string(name_of(layer_.kind)) + ") is wrong",
                why);
  }

  Shape by_kind() {
    switch (layer_.kind) {
      case LayerKind::input:
        refuse("only the first layer may be an input");
      case LayerKind::convolution:
        return convolution();
      case LayerKind::transposed_convolution:
        return transposed_convolution();
      case LayerKind::linear:
        return linear();
      case LayerKind::max_pool:
      case LayerKind::average_pool:
        return pool();
      case LayerKind::global_max_pool:
      case LayerKind::global_average_pool:
        return global_pool();
      case LayerKind::batch_norm:
        return norm(only(1).front(), {"scale", "shift", "mean", "variance"});
      case LayerKind::layer_norm:
        return norm(only(1).back(), {"scale", "shift"});
      case LayerKind::softmax:
        return along_axis();
      case LayerKind::add:
      case LayerKind::multiply:
        return broadcast();
      case LayerKind::concat:
        return concat();
      case LayerKind::resize_nearest:
      case LayerKind::resize_linear:
        return resize();
      case LayerKind::flatten:
        return {elements_of(only(1))};
      case LayerKind::reshape:
        return reshape();
      case LayerKind::permute:
        return permute();
      case LayerKind::lstm:
        return recurrent(4);
      case LayerKind::gru:
        return recurrent(3);
      default:
        return only(1);
    }
  }

  const Shape& only(std::size_t inputs) const {
    if (inputs_.size() != inputs) {
      refuse("it has " + std::to_string(inputs_.size()) + " inputs, not " + std::to_string(inputs));
    }
    return inputs_.front();
  }

  /// [C] followed by one or two spatial axes.
  const Shape& spatial() const {
    const Shape& in = only(1);
    if (in.size() < 2 || in.size() > 3)
      refuse("its input [" + shape_text(in) + "] is neither [C, L] nor [C, H, W]");
    return in;
  }

  /// From here on no extent of a weight exceeds the number of its values.
  void check_tensor(const std::string& role, const Tensor& tensor) const {
    const std::int64_t count = elements_of(tensor.shape);
    if (count < 1 || count > kMostElements ||
        static_cast<std::uint64_t>(count) != tensor.values.size()) {
      refuse("its weight \"" + role.substr(0, 80) + "\" has the shape [" +
             shape_text(tensor.shape) + "] and " + std::to_string(tensor.values.size()) +
             " values");
    }
  }

  void need(const std::string& role, const Shape& shape) {
    known_.insert(role);
    const Tensor* weight = layer_.weight(role);
    if (weight == nullptr) refuse("its weight \"" + role + "\" is missing");
    if (weight->shape != shape) {
      refuse("its weight \"" + role + "\" has the shape [" + shape_text(weight->shape) +
             "], not [" + shape_text(shape) + "]");
    }
  }
  void may(const std::string& role, const Shape& shape) {
    if (layer_.weight(role) != nullptr) need(role, shape);
  }

  void check_window(std::size_t axes) const {
    const Window& w = layer_.window;
    for (const Shape* part : {&w.size, &w.stride, &w.dilation, &w.pad_before, &w.pad_after}) {
      if (part->size() != axes) refuse("its window has not one entry per spatial axis");
      const std::int64_t least = part == &w.pad_before || part == &w.pad_after ? 0 : 1;
      for (const std::int64_t value : *part)
        if (value < least || value > kMostWindow) refuse("its window has an entry out of range");
    }
  }

  /// Extents behind a window that moves over `in`.
  Shape swept(const Shape& in, std::int64_t channels) const {
    const Window& w = layer_.window;
    Shape out{channels};
    for (std::size_t a = 0; a + 1 < in.size(); ++a) {
      const std::int64_t reach = w.dilation[a] * (w.size[a] - 1) + 1;
      const std::int64_t room = in[a + 1] + w.pad_before[a] + w.pad_after[a] - reach;
      if (room < 0) refuse("its window is larger than its input [" + shape_text(in) + "]");
      out.push_back(room / w.stride[a] + 1);
    }
    return out;
  }

  std::int64_t groups_of(std::int64_t channels) const {
    if (layer_.groups < 1 || channels % layer_.groups != 0)
      refuse("its channels cannot be cut into " + std::to_string(layer_.groups) + " groups");
    return layer_.groups;
  }

  const Tensor& kernel(std::size_t axes) const {
    const Tensor* weight = layer_.weight("weight");
    if (weight == nullptr || weight->shape.size() != axes + 2)
      refuse("its weight \"weight\" is missing or has not " + std::to_string(axes + 2) + " axes");
    return *weight;
  }

  Shape with_window(std::int64_t first, std::int64_t second) const {
    Shape shape{first, second};
    shape.insert(shape.end(), layer_.window.size.begin(), layer_.window.size.end());
    return shape;
  }

  Shape convolution() {
    const Shape& in = spatial();
    check_window(in.size() - 1);
    const std::int64_t groups = groups_of(in[0]);
    const std::int64_t channels = kernel(in.size() - 1).shape[0];
    groups_of(channels);
    need("weight", with_window(channels, in[0] / groups));
    may("bias", {channels});
    return swept(in, channels);
  }

  Shape transposed_convolution() {
    const Shape& in = spatial();
    check_window(in.size() - 1);
    const std::int64_t groups = groups_of(in[0]);
    const std::int64_t channels = kernel(in.size() - 1).shape[1] * groups;
    need("weight", with_window(in[0], channels / groups));
    may("bias", {channels});
    const Window& w = layer_.window;
    Shape out{channels};
    for (std::size_t a = 0; a + 1 < in.size(); ++a) {
      const std::int64_t extent = (in[a + 1] - 1) * w.stride[a] + w.dilation[a] * (w.size[a] - 1) +
                                  1 - w.pad_before[a] - w.pad_after[a];
      if (extent < 1) refuse("nothing is left of its output");
      out.push_back(extent);
    }
    return out;
  }

  Shape linear() {
    Shape out = only(1);
    if (out.empty() || out.size() > 3) refuse("its input has no or too many axes");
    const std::int64_t channels = kernel(0).shape[0];
    need("weight", {channels, out.back()});
    may("bias", {channels});
    out.back() = channels;
    return out;
  }

  Shape pool() const {
    const Shape& in = spatial();
    check_window(in.size() - 1);
    const Window& w = layer_.window;
    for (std::size_t a = 0; a + 1 < in.size(); ++a) {
      if (w.dilation[a] != 1) refuse("a pool with dilation is not supported");
      if (w.pad_before[a] >= w.size[a] || w.pad_after[a] >= w.size[a])
        refuse("its padding is as large as its window");
    }
    return swept(in, in[0]);
  }

  Shape global_pool() const { return {spatial().front()}; }

  Shape norm(std::int64_t channels, std::initializer_list<const char*> roles) {
    for (const char* role : roles) need(role, {channels});
    if (!(layer_.epsilon >= 0.0 && layer_.epsilon < 1e3)) refuse("its epsilon is out of range");
    return only(1);
  }

  std::size_t axis_of(const Shape& in) const {
    if (layer_.axis < 0 || static_cast<std::size_t>(layer_.axis) >= in.size())
      refuse("it works along an axis that its input has not");
    return static_cast<std::size_t>(layer_.axis);
  }

  Shape along_axis() const {
    axis_of(only(1));
    return only(1);
  }

  Shape broadcast() const {
    Shape out = only(2);
    const Shape& other = inputs_[1];
    if (out.size() != other.size()) refuse("its inputs have different numbers of axes");
    bool first_repeats = false;
    bool second_repeats = false;
    for (std::size_t a = 0; a < out.size(); ++a) {
      if (out[a] == other[a]) continue;
      if (out[a] != 1 && other[a] != 1)
        refuse("its inputs are [" + shape_text(out) + "] and [" + shape_text(other) + "]");
      (out[a] == 1 ? first_repeats : second_repeats) = true;
      out[a] = std::max(out[a], other[a]);
    }
    if (first_repeats && second_repeats) refuse("both of its inputs would have to be repeated");
    return out;
  }

  Shape concat() const {
    if (inputs_.size() < 2) refuse("it has less than two inputs");
    Shape out = inputs_[0];
    const std::size_t axis = axis_of(out);
    for (std::size_t i = 1; i < inputs_.size(); ++i) {
      Shape other = inputs_[i];
      if (other.size() != out.size()) refuse("its inputs have different numbers of axes");
      const std::int64_t sum = out[axis] + other[axis];
      other[axis] = out[axis];
      if (other != out) refuse("its inputs differ beside the axis along which they are joined");
      out[axis] = sum;
    }
    return out;
  }

  Shape resize() const {
    const Shape& in = spatial();
    if (layer_.target.size() != in.size() - 1) refuse("its target has not one entry per axis");
    Shape out{in[0]};
    for (const std::int64_t extent : layer_.target) {
      if (extent < 1 || extent > kMostExtent) refuse("its target is out of range");
      out.push_back(extent);
    }
    return out;
  }

  Shape reshape() const {
    const std::int64_t count = elements_of(only(1));
    if (layer_.target.empty() || layer_.target.size() > 3 || elements_of(layer_.target) != count) {
      refuse("its input [" + shape_text(only(1)) + "] cannot become [" + shape_text(layer_.target) +
             "]");
    }
    return layer_.target;
  }

  Shape permute() const {
    const Shape& in = only(1);
    Shape order = layer_.target;
    std::sort(order.begin(), order.end());
    bool good = order.size() == in.size();
    for (std::size_t a = 0; good && a < order.size(); ++a)
      good = order[a] == static_cast<std::int64_t>(a);
    if (!good) refuse("its order of axes is none");
    Shape out;
    for (const std::int64_t axis : layer_.target) out.push_back(in[static_cast<std::size_t>(axis)]);
    return out;
  }

  Shape recurrent(std::int64_t gates) {
    const Shape& in = only(1);
    if (in.size() != 2) refuse("its input [" + shape_text(in) + "] is no series [T, C]");
    const Tensor* hidden = layer_.weight("hidden_weight");
    if (hidden == nullptr || hidden->shape.size() != 2)
      refuse("its weight \"hidden_weight\" is missing or has not two axes");
    const std::int64_t units = hidden->shape[1];
    need("hidden_weight", {gates * units, units});
    need("input_weight", {gates * units, in[1]});
    may("bias", {gates * units});
    may("hidden_bias", {gates * units});
    if (layer_.last_only) return {units};
    return {in[0], units};
  }

  const Layer& layer_;
  std::vector<Shape> inputs_;
  std::set<std::string> known_;  ///< roles of weights
};

}  // namespace

std::vector<Shape> infer_shapes(const Network& network) {
  const Shape& input = network.input_shape;
  if (network.layers.size() < 2 || network.layers.front().kind != LayerKind::input)
    throw Error(ErrorKind::bad_input, "cannot use the network", "it has no input or no layers");
  if (!network.layers.front().inputs.empty() || !network.layers.front().weights.empty())
    throw Error(ErrorKind::bad_input, "cannot use the network", "its input takes something itself");
  const std::int64_t count = elements_of(input);
  if (input.empty() || input.size() > 3 || count < 1 || count > kMostElements) {
    throw Error(ErrorKind::bad_input, "cannot use the network",
                "its input shape [" + shape_text(input) + "] is neither [C], [C, L] nor [C, H, W]");
  }
  std::vector<Shape> shapes{input};
  for (std::size_t i = 1; i < network.layers.size(); ++i)
    shapes.push_back(infer_shape(network.layers[i], shapes));
  return shapes;
}

Shape infer_shape(const Layer& layer, const std::vector<Shape>& shapes) {
  return LayerShape(layer, shapes).result();
}

}  // namespace polis
