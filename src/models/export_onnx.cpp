#include <cmath>
#include <numbers>

#include "models/network_maker.h"

namespace polis {
namespace {

constexpr std::int64_t kOperatorSet = 17;

/// Writes the nodes; the value of layer i is called "v<i>".
class OnnxExporter {
 public:
  explicit OnnxExporter(const Network& network)
      : network_(network), shapes_(infer_shapes(network)) {
    graph_.producer = "polis";
    graph_.version = kOperatorSet;
    graph_.name = network.name;
    graph_.description =
        "stamps are normalised first: " + std::string(name_of(network.normalisation));
  }

  ForeignGraph run() {
    graph_.inputs = {{"v0", with_batch(shapes_[0])}};
    for (at_ = 1; at_ < network_.layers.size(); ++at_) layer(network_.layers[at_]);
    graph_.outputs = {{value(shapes_.size() - 1), with_batch(shapes_.back())}};
    return std::move(graph_);
  }

 private:
  static Shape with_batch(const Shape& shape) {
    Shape result{-1};
    result.insert(result.end(), shape.begin(), shape.end());
    return result;
  }
  static std::string value(std::size_t layer) { return "v" + std::to_string(layer); }
  std::string result() const { return value(at_); }
  std::string part(const std::string& name) const { return result() + "." + name; }
  std::string input(std::size_t which = 0) const {
    return value(network_.layers[at_].inputs[which]);
  }
  const Shape& in() const { return shapes_[network_.layers[at_].inputs[0]]; }

  std::string tensor(const std::string& name, Tensor tensor) {
    graph_.tensors[part(name)] = std::move(tensor);
    return part(name);
  }
  std::string scalar(const std::string& name, double number) {
    return tensor(name, {{}, {static_cast<float>(number)}});
  }
  std::string integers(const std::string& name, std::vector<std::int64_t> values) {
    graph_.integers[part(name)] = std::move(values);
    return part(name);
  }
  /// The layer's weight of that role, or nothing where it may be left out.
  std::string weight(const std::string& role) {
    const Tensor* given = network_.layers[at_].weight(role);
    return given == nullptr ? std::string() : tensor(role, *given);
  }

  ForeignNode& node(const std::string& op, std::vector<std::string> inputs,
                    const std::string& output) {
    while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
    ForeignNode made;
    made.op = op;
    made.name = output == result() ? network_.layers[at_].name : output;
    made.inputs = std::move(inputs);
    made.outputs = {output};
    graph_.nodes.push_back(std::move(made));
    return graph_.nodes.back();
  }
  ForeignNode& node(const std::string& op, std::vector<std::string> inputs) {
    return node(op, std::move(inputs), result());
  }
  static void set(ForeignNode& node, const std::string& name, std::vector<std::int64_t> values) {
    node.attributes[name].integers = std::move(values);
  }
  static void set_real(ForeignNode& node, const std::string& name, double value) {
    node.attributes[name].reals = {value};
  }
  static void set_text(ForeignNode& node, const std::string& name, const std::string& value) {
    node.attributes[name].texts = {value};
  }

  void set_window(ForeignNode& node, bool dilates) const {
    const Window& w = network_.layers[at_].window;
    std::vector<std::int64_t> pads(w.pad_before);
    pads.insert(pads.end(), w.pad_after.begin(), w.pad_after.end());
    set(node, "kernel_shape", w.size);
    set(node, "strides", w.stride);
    set(node, "pads", std::move(pads));
    if (dilates) set(node, "dilations", w.dilation);
  }

  void convolution(const Layer& layer, const char* op) {
    ForeignNode& made = node(op, {input(), weight("weight"), weight("bias")});
    set_window(made, true);
    set(made, "group", {layer.groups});
  }

  /// Gemm knows matrices only: a series goes through MatMul.
  void linear(const Layer& layer) {
    if (in().size() == 1) {
      set(node("Gemm", {input(), weight("weight"), weight("bias")}), "transB", {1});
      return;
    }
    const bool biased = layer.weight("bias") != nullptr;
    const std::string columns = tensor("weight", permuted(*layer.weight("weight"), {1, 0}));
    node("MatMul", {input(), columns}, biased ? part("product") : result());
    if (biased) node("Add", {part("product"), weight("bias")});
  }

  void global_pool(const char* op) {
    node(op, {input()}, part("pooled"));
    set(node("Flatten", {part("pooled")}), "axis", {1});
  }

  void batch_norm(const Layer& layer) {
    ForeignNode& made = node("BatchNormalization", {input(), weight("scale"), weight("shift"),
                                                    weight("mean"), weight("variance")});
    set_real(made, "epsilon", layer.epsilon);
  }

  void layer_norm(const Layer& layer) {
    ForeignNode& made = node("LayerNormalization", {input(), weight("scale"), weight("shift")});
    set(made, "axis", {-1});
    set_real(made, "epsilon", layer.epsilon);
  }

  /// x (0.5 + 0.5 erf(x / sqrt 2)), in the nodes that PyTorch writes for it.
  void gelu() {
    node("Div", {input(), scalar("root", std::numbers::sqrt2)}, part("scaled"));
    node("Erf", {part("scaled")}, part("erf"));
    node("Add", {part("erf"), scalar("one", 1.0)}, part("sum"));
    node("Mul", {input(), part("sum")}, part("product"));
    node("Mul", {part("product"), scalar("half", 0.5)});
  }

  /// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
  void gelu_tanh() {
    node("Mul", {input(), input()}, part("square"));
    node("Mul", {part("square"), input()}, part("cube"));
    node("Mul", {part("cube"), scalar("share", 0.044715)}, part("small"));
    node("Add", {input(), part("small")}, part("curve"));
    node("Mul", {part("curve"), scalar("root", std::sqrt(2.0 / std::numbers::pi))}, part("scaled"));
    node("Tanh", {part("scaled")}, part("tanh"));
    node("Add", {part("tanh"), scalar("one", 1.0)}, part("sum"));
    node("Mul", {input(), part("sum")}, part("product"));
    node("Mul", {part("product"), scalar("half", 0.5)});
  }

  void swish() {
    node("Sigmoid", {input()}, part("sigmoid"));
    node("Mul", {input(), part("sigmoid")});
  }

  void resize(const Layer& layer, bool linearly) {
    Tensor scales{{static_cast<std::int64_t>(in().size()) + 1}, {1.0F, 1.0F}};
    for (std::size_t a = 0; a < layer.target.size(); ++a) {
      const auto wanted = static_cast<float>(layer.target[a]);
      const auto have = static_cast<float>(in()[a + 1]);
      // The reader multiplies and rounds down.
      float scale = wanted / have;
      if (have * scale < wanted) scale = std::nextafter(scale, 2.0F * scale);
      scales.values.push_back(scale);
    }
    ForeignNode& made = node("Resize", {input(), "", tensor("scales", std::move(scales))});
    set_text(made, "mode", linearly ? "linear" : "nearest");
    set_text(made, "coordinate_transformation_mode", "half_pixel");
    set_text(made, "nearest_mode", "round_prefer_ceil");
  }

  void permute(const Layer& layer) {
    std::vector<std::int64_t> order{0};
    for (const std::int64_t axis : layer.target) order.push_back(axis + 1);
    set(node("Transpose", {input()}), "perm", std::move(order));
  }

  /// Blocks of `units` rows, in another order, as [1, rows, ...].
  static Tensor gates(const Tensor& tensor, const std::vector<std::size_t>& order) {
    const std::size_t block = tensor.values.size() / order.size();
    Tensor result{{1}, {}};
    result.shape.insert(result.shape.end(), tensor.shape.begin(), tensor.shape.end());
    for (const std::size_t gate : order) {
      const auto first = tensor.values.begin() + static_cast<std::ptrdiff_t>(gate * block);
      result.values.insert(result.values.end(), first, first + static_cast<std::ptrdiff_t>(block));
    }
    return result;
  }

  void recurrent(const Layer& layer) {
    const bool lstm = layer.kind == LayerKind::lstm;
    // ONNX: i, o, f, c and z, r, h.
    const std::vector<std::size_t> order =
        lstm ? std::vector<std::size_t>{0, 3, 1, 2} : std::vector<std::size_t>{0, 1, 2};
    const Tensor& hidden = *layer.weight("hidden_weight");
    const std::int64_t rows = hidden.shape[0];
    Tensor bias{{1, 2 * rows}, {}};
    for (const char* role : {"bias", "hidden_bias"}) {
      const Tensor* given = layer.weight(role);
      const Tensor one = gates(given == nullptr ? filled(rows, 0.0F) : *given, order);
      bias.values.insert(bias.values.end(), one.values.begin(), one.values.end());
    }
    set(node("Transpose", {input()}, part("series")), "perm", {1, 0, 2});
    ForeignNode& made =
        node(lstm ? "LSTM" : "GRU",
             {part("series"), tensor("input_weight", gates(*layer.weight("input_weight"), order)),
              tensor("hidden_weight", gates(hidden, order)), tensor("bias", std::move(bias))},
             part("all"));
    made.outputs.push_back(part("last"));
    set(made, "hidden_size", {hidden.shape[1]});
    set_text(made, "direction", layer.backwards ? "reverse" : "forward");
    if (!lstm) set(made, "linear_before_reset", {layer.linear_before_reset ? 1 : 0});
    if (layer.last_only) {
      node("Squeeze", {part("last"), integers("axes", {0})});
    } else {
      node("Squeeze", {part("all"), integers("axes", {1})}, part("squeezed"));
      set(node("Transpose", {part("squeezed")}), "perm", {1, 0, 2});
    }
  }

  void layer(const Layer& layer) {
    switch (layer.kind) {
      case LayerKind::convolution:
        return convolution(layer, "Conv");
      case LayerKind::transposed_convolution:
        return convolution(layer, "ConvTranspose");
      case LayerKind::linear:
        return linear(layer);
      case LayerKind::max_pool:
        return set_window(node("MaxPool", {input()}), false);
      case LayerKind::average_pool: {
        ForeignNode& made = node("AveragePool", {input()});
        set_window(made, false);
        return set(made, "count_include_pad", {layer.count_padding ? 1 : 0});
      }
      case LayerKind::global_max_pool:
        return global_pool("GlobalMaxPool");
      case LayerKind::global_average_pool:
        return global_pool("GlobalAveragePool");
      case LayerKind::batch_norm:
        return batch_norm(layer);
      case LayerKind::layer_norm:
        return layer_norm(layer);
      case LayerKind::resize_nearest:
      case LayerKind::resize_linear:
        return resize(layer, layer.kind == LayerKind::resize_linear);
      case LayerKind::permute:
        return permute(layer);
      case LayerKind::lstm:
      case LayerKind::gru:
        return recurrent(layer);
      default:
        return simple(layer);
    }
  }

  void simple(const Layer& layer) {
    switch (layer.kind) {
      case LayerKind::relu:
        node("Relu", {input()});
        return;
      case LayerKind::leaky_relu:
        return set_real(node("LeakyRelu", {input()}), "alpha", layer.alpha);
      case LayerKind::gelu:
        return gelu();
      case LayerKind::gelu_tanh:
        return gelu_tanh();
      case LayerKind::swish:
        return swish();
      case LayerKind::sigmoid:
        node("Sigmoid", {input()});
        return;
      case LayerKind::tanh:
        node("Tanh", {input()});
        return;
      case LayerKind::softmax:
        return set(node("Softmax", {input()}), "axis", {layer.axis + 1});
      case LayerKind::add:
        node("Add", {input(0), input(1)});
        return;
      case LayerKind::multiply:
        node("Mul", {input(0), input(1)});
        return;
      case LayerKind::concat: {
        std::vector<std::string> inputs;
        for (std::size_t i = 0; i < layer.inputs.size(); ++i) inputs.push_back(input(i));
        return set(node("Concat", std::move(inputs)), "axis", {layer.axis + 1});
      }
      case LayerKind::flatten:
        return set(node("Flatten", {input()}), "axis", {1});
      case LayerKind::reshape:
        node("Reshape", {input(), integers("shape", with_batch(layer.target))});
        return;
      default:
        node("Identity", {input()});
    }
  }

  const Network& network_;
  std::vector<Shape> shapes_;
  std::size_t at_ = 0;
  ForeignGraph graph_;
};

}  // namespace

ForeignGraph onnx_from_network(const Network& network) { return OnnxExporter(network).run(); }

}  // namespace polis
