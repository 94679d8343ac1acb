// The layers beside convolutions, linear and recurrent ones.
#include <cmath>

#include "models/plan_builder.h"

namespace polis::onednn {
namespace {

constexpr auto kReal = dnnl::memory::data_type::f32;

std::string what_of(const Layer& layer) {
  return std::string(name_of(layer.kind)) + " " + layer.name;
}

dnnl::algorithm pool_algorithm(const Layer& layer) {
  if (layer.kind == LayerKind::max_pool || layer.kind == LayerKind::global_max_pool)
    return dnnl::algorithm::pooling_max;
  return layer.count_padding ? dnnl::algorithm::pooling_avg_include_padding
                             : dnnl::algorithm::pooling_avg_exclude_padding;
}

Primitive binary_of(const dnnl::engine& engine, LayerKind kind, const Desc& first,
                    const Desc& second, const Desc& result,
                    const dnnl::primitive_attr& attributes) {
  const auto algorithm =
      kind == LayerKind::add ? dnnl::algorithm::binary_add : dnnl::algorithm::binary_mul;
  return binary(engine, algorithm, first, second, result, attributes);
}

}  // namespace

std::size_t PlanBuilder::pool(const Layer& layer, const Shape& in, const Shape& out) {
  const bool global =
      layer.kind == LayerKind::global_max_pool || layer.kind == LayerKind::global_average_pool;
  const std::size_t axes = in.size() - 1;
  Dims size = layer.window.size;
  Steps steps{layer.window.stride, Dims(axes, 0), layer.window.pad_before, layer.window.pad_after};
  Dims result = with_batch(out);
  if (global) {
    size.assign(in.begin() + 1, in.end());
    steps = {Dims(axes, 1), Dims(axes, 0), Dims(axes, 0), Dims(axes, 0)};
    result.resize(axes + 2, 1);
  }
  const std::size_t source = input_of(layer);
  const Primitive primitive =
      polis::onednn::pool(engine_, pool_algorithm(layer), desc_of(source),
                          any(result, options_.type), size, steps, plain_attributes());
  const std::size_t slot = new_slot(primitive.destination);
  step(primitive, {{DNNL_ARG_SRC, converted(source, primitive.source)}, {DNNL_ARG_DST, slot}},
       what_of(layer));
  return global ? view(plain_of(slot), plain(with_batch(out), options_.type)) : slot;
}

/// Times one number per channel, plus another.
std::size_t PlanBuilder::batch_norm(const Layer& layer, const Shape& in) {
  std::vector<float> factor;
  std::vector<float> offset;
  for (std::size_t c = 0; c < static_cast<std::size_t>(in[0]); ++c) {
    const double variance = layer.weight("variance")->values[c];
    const double scale = layer.weight("scale")->values[c] / std::sqrt(variance + layer.epsilon);
    factor.push_back(static_cast<float>(scale));
    offset.push_back(static_cast<float>(layer.weight("shift")->values[c] -
                                        scale * layer.weight("mean")->values[c]));
  }
  Dims dims(in.size() + 1, 1);
  dims[1] = in[0];
  const Desc per_channel = plain(dims, kReal);
  dnnl::post_ops operations;
  operations.append_binary(dnnl::algorithm::binary_add, per_channel);
  dnnl::primitive_attr attributes = plain_attributes();
  attributes.set_post_ops(operations);
  const std::size_t source = input_of(layer);
  const Primitive primitive = binary_of(engine_, LayerKind::multiply, desc_of(source), per_channel,
                                        any(with_batch(in), options_.type), attributes);
  const std::size_t slot = new_slot(primitive.destination);
  step(primitive,
       {{DNNL_ARG_SRC_0, source},
        {DNNL_ARG_SRC_1, constant(factor, per_channel, per_channel)},
        {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1,
         constant(offset, per_channel, per_channel)},
        {DNNL_ARG_DST, slot}},
       what_of(layer));
  return slot;
}

std::size_t PlanBuilder::layer_norm(const Layer& layer) {
  const std::size_t source = plain_of(input_of(layer));
  const Primitive primitive = polis::onednn::layer_norm(
      engine_, desc_of(source), static_cast<float>(layer.epsilon), plain_attributes());
  const Tensor& scale = *layer.weight("scale");
  const Tensor& shift = *layer.weight("shift");
  const Desc desc = plain(scale.shape, kReal);
  const std::size_t slot = new_slot(primitive.destination);
  step(primitive,
       {{DNNL_ARG_SRC, source},
        {DNNL_ARG_SCALE, constant(scale.values, desc, desc)},
        {DNNL_ARG_SHIFT, constant(shift.values, desc, desc)},
        {DNNL_ARG_DST, slot}},
       what_of(layer));
  return slot;
}

std::size_t PlanBuilder::activation(const Layer& layer) {
  const std::size_t source = input_of(layer);
  const auto [algorithm, alpha] = activation_of(layer);
  const Primitive primitive =
      polis::onednn::activation(engine_, algorithm, alpha, desc_of(source), plain_attributes());
  const std::size_t slot = new_slot(primitive.destination);
  step(primitive, {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, slot}}, what_of(layer));
  return slot;
}

std::size_t PlanBuilder::softmax(const Layer& layer) {
  const std::size_t source = plain_of(input_of(layer));
  const Primitive primitive = polis::onednn::softmax(
      engine_, desc_of(source), static_cast<int>(layer.axis) + 1, plain_attributes());
  const std::size_t slot = new_slot(primitive.destination);
  step(primitive, {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, slot}}, what_of(layer));
  return slot;
}

/// Sum or product; the operand whose extents of 1 are repeated comes second. Layouts that the
/// library cannot mix are made plain.
std::size_t PlanBuilder::combine(const Layer& layer, const Shape& out) {
  const bool swapped = shapes_[layer.inputs[0]] != out;
  std::size_t first = input_of(layer, swapped ? 1 : 0);
  std::size_t second = input_of(layer, swapped ? 0 : 1);
  const Desc result = any(with_batch(out), options_.type);
  Primitive primitive;
  try {
    primitive =
        binary_of(engine_, layer.kind, desc_of(first), desc_of(second), result, plain_attributes());
  } catch (const dnnl::error&) {
    first = plain_of(first);
    second = plain_of(second);
    primitive =
        binary_of(engine_, layer.kind, desc_of(first), desc_of(second), result, plain_attributes());
  }
  const std::size_t slot = new_slot(primitive.destination);
  step(primitive, {{DNNL_ARG_SRC_0, first}, {DNNL_ARG_SRC_1, second}, {DNNL_ARG_DST, slot}},
       what_of(layer));
  return slot;
}

std::size_t PlanBuilder::concat(const Layer& layer) {
  std::vector<Desc> sources;
  Arguments arguments;
  for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
    const std::size_t source = input_of(layer, i);
    sources.push_back(desc_of(source));
    arguments.emplace_back(DNNL_ARG_MULTIPLE_SRC + static_cast<int>(i), source);
  }
  const Primitive primitive =
      polis::onednn::concat(engine_, sources, static_cast<int>(layer.axis) + 1, plain_attributes());
  const std::size_t slot = new_slot(primitive.destination);
  arguments.emplace_back(DNNL_ARG_DST, slot);
  step(primitive, std::move(arguments), what_of(layer));
  return slot;
}

std::size_t PlanBuilder::resize(const Layer& layer, const Shape& out) {
  const std::size_t source = input_of(layer);
  const auto algorithm = layer.kind == LayerKind::resize_linear
                             ? dnnl::algorithm::resampling_linear
                             : dnnl::algorithm::resampling_nearest;
  const Primitive primitive = polis::onednn::resize(
      engine_, algorithm, desc_of(source), any(with_batch(out), options_.type), plain_attributes());
  const std::size_t slot = new_slot(primitive.destination);
  step(primitive, {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, slot}}, what_of(layer));
  return slot;
}

/// A vector that only a linear layer wants keeps the axes and the layout of its image.
std::size_t PlanBuilder::reshape(std::size_t index, const Shape& out) {
  const Layer& layer = network_.layers[index];
  const auto& next = consumers_[index];
  if (layer.kind == LayerKind::flatten && next.size() == 1 &&
      network_.layers[next.front()].kind == LayerKind::linear) {
    return values_.at(layer.inputs[0]);
  }
  return view(plain_of(input_of(layer)), plain(with_batch(out), options_.type));
}

std::size_t PlanBuilder::permute(const Layer& layer, const Shape& out) {
  const std::size_t source = plain_of(input_of(layer));
  const Dims from = dims_of(desc_of(source));
  Dims stride(from.size(), 1);
  for (std::size_t a = from.size() - 1; a-- > 0;) stride[a] = stride[a + 1] * from[a + 1];
  Dims strides{stride[0]};
  for (const std::int64_t axis : layer.target)
    strides.push_back(stride[static_cast<std::size_t>(axis) + 1]);
  const Dims dims = with_batch(out);
  const std::size_t seen = view(source, Desc(dims, options_.type, strides));
  return plain_of(seen);
}

}  // namespace polis::onednn
