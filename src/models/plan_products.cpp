// The layers where the time goes: convolutions and linear layers, with what follows fused.
#include <optional>

#include "models/plan_builder.h"

namespace polis::onednn {
namespace {

constexpr auto kReal = dnnl::memory::data_type::f32;
/// Below this many channels the transforms of Winograd's convolution cost more than they save.
constexpr std::int64_t kWinogradChannels = 16;

Dims less_one(const Shape& shape) {
  Dims dims(shape);
  for (auto& value : dims) --value;
  return dims;
}

Steps steps_of(const Window& window) {
  return {window.stride, less_one(window.dilation), window.pad_before, window.pad_after};
}

bool suits_winograd(const Layer& layer, const Shape& in) {
  const Window& w = layer.window;
  const Shape ones(w.size.size(), 1);
  return layer.kind == LayerKind::convolution && w.size == Shape{3, 3} && w.stride == ones &&
         w.dilation == ones && layer.groups == 1 && in[0] >= kWinogradChannels &&
         layer.weight("weight")->shape[0] >= kWinogradChannels;
}

/// [groups,] outputs, inputs, window...
Dims convolution_weights(const Layer& layer) {
  const Shape& shape = layer.weight("weight")->shape;
  const bool transposed = layer.kind == LayerKind::transposed_convolution;
  const std::int64_t outputs = transposed ? shape[1] : shape[0] / layer.groups;
  const std::int64_t inputs = transposed ? shape[0] / layer.groups : shape[1];
  Dims dims;
  if (layer.groups > 1) dims.push_back(layer.groups);
  dims.push_back(outputs);
  dims.push_back(inputs);
  dims.insert(dims.end(), shape.begin() + 2, shape.end());
  return dims;
}

/// How those axes lie in the layer's tensor.
Desc convolution_weights_as(const Layer& layer) {
  const Dims dims = convolution_weights(layer);
  if (layer.kind == LayerKind::convolution) return plain(dims, kReal);
  const std::size_t axes = dims.size();
  const std::size_t spatial = layer.window.size.size();
  Dims strides(axes, 1);
  for (std::size_t a = axes - 1; a-- > axes - spatial;) strides[a] = strides[a + 1] * dims[a + 1];
  const std::size_t output = axes - spatial - 2;
  strides[output] = strides[axes - spatial] * dims[axes - spatial];
  strides[output + 1] = strides[output] * dims[output];
  if (layer.groups > 1) strides[0] = strides[output + 1] * dims[output + 1];
  return {dims, kReal, strides};
}

bool is_reference(const Primitive& primitive) {
  return primitive.implementation.starts_with("ref") ||
         primitive.implementation.find(":ref") != std::string::npos;
}

}  // namespace

/// `make` builds the primitive; a fused sum for which the library has only its plain reference code
/// is undone.
std::size_t PlanBuilder::weighted(
    std::size_t index, std::size_t source, const Dims& weights, const Desc& as, const Dims& result,
    bool may_add,
    const std::function<Primitive(const Desc&, const Desc&, const Desc&, const Desc&,
                                  const dnnl::primitive_attr&)>& make) {
  const Layer& layer = network_.layers[index];
  const Tensor* bias = layer.weight("bias");
  const Desc bias_desc = bias == nullptr ? Desc() : plain(bias->shape, kReal);
  const auto built = [&](const Fusion& fusion) {
    return make(any(dims_of(desc_of(source)), options_.type), any(weights, options_.type),
                bias_desc, any(result, options_.type), fusion.attributes);
  };
  Fusion fusion = fusion_after(index, may_add);
  std::optional<Primitive> primitive;
  if (fusion.adds) {
    try {
      primitive = built(fusion);
    } catch (const dnnl::error&) {
      primitive.reset();
    }
    if (!primitive || is_reference(*primitive)) {
      primitive.reset();
      fusion = fusion_after(index, false);
    }
  }
  if (!primitive) primitive = built(fusion);
  Arguments arguments{
      {DNNL_ARG_SRC, converted(source, primitive->source)},
      {DNNL_ARG_WEIGHTS, constant(layer.weight("weight")->values, as, primitive->weights)}};
  if (bias != nullptr)
    arguments.emplace_back(DNNL_ARG_BIAS, constant(bias->values, bias_desc, bias_desc));
  const std::size_t slot = new_slot(primitive->destination);
  arguments.emplace_back(DNNL_ARG_DST, slot);
  arguments.insert(arguments.end(), fusion.operands.begin(), fusion.operands.end());
  std::string what = std::string(name_of(layer.kind)) + " " + layer.name;
  for (std::size_t at = index; at != fusion.last;) {
    at = consumers_[at].front();
    what.append("+").append(name_of(network_.layers[at].kind));
  }
  step(*primitive, std::move(arguments), what);
  values_[fusion.last] = slot;
  // Layers inside the fusion have no result of their own; nothing asks for one.
  for (std::size_t at = index; at != fusion.last; at = consumers_[at].front()) values_[at] = slot;
  return slot;
}

std::size_t PlanBuilder::convolution(std::size_t index) {
  const Layer& layer = network_.layers[index];
  const Steps steps = steps_of(layer.window);
  const bool winograd = options_.winograd && options_.type == kReal &&
                        suits_winograd(layer, shapes_[layer.inputs[0]]);
  const auto make = [&](const Desc& source, const Desc& weights, const Desc& bias,
                        const Desc& result, const dnnl::primitive_attr& attributes) {
    if (layer.kind == LayerKind::transposed_convolution)
      return polis::onednn::transposed_convolution(engine_, source, weights, bias, result, steps,
                                                   attributes);
    if (winograd) {
      try {
        return polis::onednn::convolution(engine_, dnnl::algorithm::convolution_winograd, source,
                                          weights, bias, result, steps, attributes);
      } catch (const dnnl::error&) {
        // This processor has no such code: the direct one below.
      }
    }
    return polis::onednn::convolution(engine_, dnnl::algorithm::convolution_direct, source, weights,
                                      bias, result, steps, attributes);
  };
  return weighted(index, values_.at(layer.inputs[0]), convolution_weights(layer),
                  convolution_weights_as(layer), with_batch(shapes_[index]), true, make);
}

/// A vector may still have the axes of the image that it was (see reshape): the weights get them
/// too, and no reordering is needed. A series becomes one batch of its steps.
std::size_t PlanBuilder::linear(std::size_t index) {
  const Layer& layer = network_.layers[index];
  const Shape& shape = layer.weight("weight")->shape;
  const auto make = [&](const Desc& source, const Desc& weights, const Desc& bias,
                        const Desc& result, const dnnl::primitive_attr& attributes) {
    return polis::onednn::linear(engine_, source, weights, bias, result, attributes);
  };
  std::size_t source = values_.at(layer.inputs[0]);
  if (shapes_[index].size() == 1) {
    Dims weights = dims_of(desc_of(source));
    weights[0] = shape[0];
    return weighted(index, source, weights, plain(weights, kReal), {plan_.stamps, shape[0]}, true,
                    make);
  }
  const std::int64_t rows = plan_.stamps * elements_of(shapes_[index]) / shape[0];
  source = view(plain_of(source), plain({rows, shape[1]}, options_.type));
  const std::size_t flat =
      weighted(index, source, shape, plain(shape, kReal), {rows, shape[0]}, false, make);
  const std::size_t slot = view(plain_of(flat), plain(with_batch(shapes_[index]), options_.type));
  for (auto& [layer_index, value] : values_)
    if (value == flat) value = slot;
  return slot;
}

}  // namespace polis::onednn
