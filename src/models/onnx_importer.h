#pragma once

#include <map>

#include "models/network_maker.h"

namespace polis {

/// Gives the nodes of an ONNX graph their meaning. ONNX puts channels first, as we do.
class OnnxImporter {
 public:
  OnnxImporter(const ForeignGraph& graph, const ImportOptions& options);
  Network run();

 private:
  /// How a value of the file lies beside our layer's result, which knows no batch. The recurrent
  /// operators of ONNX have the steps first and an axis of directions.
  enum class Form {
    batch_first,
    steps_first,       ///< [T, N, C] of our [T, C]
    steps_directions,  ///< [T, 1, N, U] of our [T, U]
    state_directions   ///< [1, N, U] of our [U]
  };
  struct Value {
    std::size_t layer = 0;
    Form form = Form::batch_first;
  };
  using Handler = void (OnnxImporter::*)(const ForeignNode&);
  static const std::map<std::string, Handler>& handlers();

  // import_onnx.cpp
  const Value& any_input(const ForeignNode& node, std::size_t which) const;
  std::size_t input(const ForeignNode& node, std::size_t which = 0) const;
  const Shape& shape_of_input(const ForeignNode& node) const { return maker_.shape(input(node)); }
  bool has_input(const ForeignNode& node, std::size_t which) const;
  bool is_tensor(const ForeignNode& node, std::size_t which) const;
  const Tensor& tensor(const ForeignNode& node, std::size_t which) const;
  std::vector<std::int64_t> integers(const ForeignNode& node, std::size_t which) const;
  Layer layer(LayerKind kind, const ForeignNode& node) const;
  void put(const ForeignNode& node, std::size_t layer, Form form = Form::batch_first);
  void put(const ForeignNode& node, Layer made);
  std::int64_t axis_of(const ForeignNode& node, std::int64_t axis, std::size_t axes) const;
  void nothing(const ForeignNode& node);
  void activation(const ForeignNode& node);
  void softmax(const ForeignNode& node);
  void concat(const ForeignNode& node);
  void flatten(const ForeignNode& node);
  void reshape(const ForeignNode& node);
  void transpose(const ForeignNode& node);
  void squeeze(const ForeignNode& node);
  void unsqueeze(const ForeignNode& node);
  void pad(const ForeignNode& node);
  bool take_up_padding(const ForeignNode& node, Window& window) const;
  void sum_or_product(const ForeignNode& node);
  void with_constant(const ForeignNode& node, std::size_t value, std::size_t constant);
  bool as_bias(const ForeignNode& node, std::size_t value, const Tensor& constant);

  // onnx_layers.cpp
  Window window(const ForeignNode& node, const Shape& size) const;
  void convolution(const ForeignNode& node);
  void transposed_convolution(const ForeignNode& node);
  void pool(const ForeignNode& node);
  void global_pool(const ForeignNode& node);
  void reduce_mean(const ForeignNode& node);
  void gemm(const ForeignNode& node);
  void mat_mul(const ForeignNode& node);
  void batch_norm(const ForeignNode& node);
  void layer_norm(const ForeignNode& node);
  void resize(const ForeignNode& node);
  void recurrent(const ForeignNode& node);

  ForeignGraph graph_;
  const ImportOptions& options_;
  NetworkMaker maker_;
  std::map<std::string, Value> values_;
  std::map<std::string, Window> padding_;  ///< zeros around a value: taken up by what follows
  std::map<std::string, int> uses_;        ///< of each value of the file
};

/// Leaves out the states with which recurrent nodes begin where they are zeros, as they are
/// without, and then all nodes that the result does not need (PyTorch works out the shape of those
/// zeros).
ForeignGraph without_zero_states(ForeignGraph graph);

/// Replaces the five nodes into which the exact GELU is written before operator set 20 (Div, Erf,
/// Add, Mul, Mul) by one, called Gelu.
ForeignGraph with_gelu(ForeignGraph graph);

}  // namespace polis
