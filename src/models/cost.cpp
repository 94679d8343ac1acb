#include "models/cost.h"

#include "models/shapes.h"

namespace polis {
namespace {

std::int64_t spatial_size(const Shape& shape) {
  return elements_of(Shape(shape.begin() + 1, shape.end()));
}

double flop_of(const Layer& layer, const Shape& in, const Shape& out) {
  const Tensor* weight = layer.weight("weight");
  switch (layer.kind) {
    case LayerKind::convolution:
      return 2.0 * static_cast<double>(weight->values.size()) *
             static_cast<double>(spatial_size(out));
    case LayerKind::transposed_convolution:
      return 2.0 * static_cast<double>(weight->values.size()) *
             static_cast<double>(spatial_size(in));
    case LayerKind::linear:
      return 2.0 * static_cast<double>(weight->values.size()) *
             static_cast<double>(elements_of(in) / in.back());
    case LayerKind::lstm:
    case LayerKind::gru:
      return 2.0 * static_cast<double>(parameters_of(layer)) * static_cast<double>(in[0]);
    default:
      return 0.0;
  }
}

}  // namespace

double flop_of(const Network& network) {
  const std::vector<Shape> shapes = infer_shapes(network);
  double flop = 0.0;
  for (std::size_t i = 1; i < shapes.size(); ++i)
    flop += flop_of(network.layers[i], shapes[network.layers[i].inputs.front()], shapes[i]);
  return flop;
}

std::int64_t parameters_of(const Layer& layer) {
  std::int64_t count = 0;
  for (const auto& [role, tensor] : layer.weights)
    count += static_cast<std::int64_t>(tensor.values.size());
  return count;
}

std::int64_t parameters_of(const Network& network) {
  std::int64_t count = 0;
  for (const Layer& layer : network.layers) count += parameters_of(layer);
  return count;
}

}  // namespace polis
