#pragma once

#include "models/import.h"
#include "models/shapes.h"

namespace polis {

/// Builds a network layer by layer, knowing every shape on the way.
class NetworkMaker {
 public:
  explicit NetworkMaker(Shape input_shape);
  /// Position of the new layer. Errors: bad_input (infer_shape).
  std::size_t add(Layer layer);
  std::size_t add(LayerKind kind, const std::string& name, std::vector<std::size_t> inputs);
  std::size_t permute(std::size_t input, Shape order, const std::string& name);
  std::size_t reshape(std::size_t input, Shape target, const std::string& name);
  const Shape& shape(std::size_t layer) const { return shapes_.at(layer); }
  /// A layer made before, to give it what does not change its shape.
  Layer& layer(std::size_t index) { return network_.layers.at(index); }
  /// The network whose result is layer `output`: checked, named, with its golden pair.
  Network finish(std::size_t output, const ForeignGraph& graph, const ImportOptions& options);

 private:
  Network network_;
  std::vector<Shape> shapes_;
};

/// The same numbers with the axes in another order: axis a of the result is axis order[a].
Tensor permuted(const Tensor& tensor, const Shape& order);
Tensor filled(std::int64_t count, float value);

/// Errors: always bad_input: the layer has no counterpart, and why.
[[noreturn]] void refuse_import(const ForeignNode& node, const std::string& why);
/// Errors: bad_input if the graph has no such tensor.
const Tensor& tensor_of(const ForeignGraph& graph, const ForeignNode& node,
                        const std::string& name);

}  // namespace polis
