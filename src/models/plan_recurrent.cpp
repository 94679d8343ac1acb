// Recurrent layers: LSTM and GRU over [T, C].
#include "models/plan_builder.h"

namespace polis::onednn {
namespace {

constexpr auto kReal = dnnl::memory::data_type::f32;

/// Weights [gates * units, inputs] as the library names their axes: layer, direction, input, gate,
/// unit.
Desc gate_weights(std::int64_t inputs, std::int64_t gates, std::int64_t units) {
  return {{1, 1, inputs, gates, units},
          kReal,
          {inputs * gates * units, inputs * gates * units, 1, units * inputs, inputs}};
}

float at(const Tensor* tensor, std::int64_t place) {
  return tensor == nullptr ? 0.0F : tensor->values[static_cast<std::size_t>(place)];
}

/// The two biases are one where they meet in a sum; with the linear step before the reset the last
/// gate keeps both: z, r, h of the input, h of the state.
std::vector<float> biases(const Layer& layer, std::int64_t gates, std::int64_t units, bool split) {
  const Tensor* input = layer.weight("bias");
  const Tensor* hidden = layer.weight("hidden_bias");
  std::vector<float> values;
  for (std::int64_t i = 0; i < gates * units; ++i) {
    const bool apart = split && i >= (gates - 1) * units;
    values.push_back(at(input, i) + (apart ? 0.0F : at(hidden, i)));
  }
  for (std::int64_t i = (gates - 1) * units; split && i < gates * units; ++i)
    values.push_back(at(hidden, i));
  return values;
}

}  // namespace

std::size_t PlanBuilder::recurrent(const Layer& layer, const Shape& in) {
  const bool lstm = layer.kind == LayerKind::lstm;
  const bool split = !lstm && layer.linear_before_reset;
  const std::int64_t gates = lstm ? 4 : 3;
  const std::int64_t units = layer.weight("hidden_weight")->shape[1];
  const std::int64_t stamps = plan_.stamps;
  const std::int64_t length = in[0];
  const std::int64_t channels = in[1];
  const Desc source_desc = plain({length, stamps, channels}, options_.type);
  const Desc bias_desc = plain({1, 1, split ? gates + 1 : gates, units}, kReal);
  const Cell cell = lstm ? Cell::lstm : split ? Cell::linear_before_reset_gru : Cell::gru;
  const Primitive primitive =
      polis::onednn::recurrent(engine_, cell, layer.backwards, source_desc,
                               any({1, 1, channels, gates, units}, options_.type),
                               any({1, 1, units, gates, units}, options_.type), bias_desc,
                               plain({length, stamps, units}, options_.type), plain_attributes());
  const Desc steps_first({length, stamps, channels}, options_.type,
                         {channels, length * channels, 1});
  const std::size_t series =
      converted(view(plain_of(input_of(layer)), steps_first), primitive.source);
  const std::size_t slot = new_slot(primitive.destination);
  step(primitive,
       {{DNNL_ARG_SRC_LAYER, series},
        {DNNL_ARG_WEIGHTS_LAYER, constant(layer.weight("input_weight")->values,
                                          gate_weights(channels, gates, units), primitive.weights)},
        {DNNL_ARG_WEIGHTS_ITER,
         constant(layer.weight("hidden_weight")->values, gate_weights(units, gates, units),
                  primitive.hidden_weights)},
        {DNNL_ARG_BIAS, constant(biases(layer, gates, units, split), bias_desc, bias_desc)},
        {DNNL_ARG_DST_LAYER, slot}},
       std::string(name_of(layer.kind)) + " " + layer.name);
  if (layer.last_only) {
    const Desc state = plain({stamps, units}, options_.type);
    const std::size_t last = layer.backwards ? 0 : static_cast<std::size_t>(length - 1);
    return view(slot, state, last * state.get_size());
  }
  const Desc stamps_first({stamps, length, units}, options_.type, {units, stamps * units, 1});
  return plain_of(view(slot, stamps_first));
}

}  // namespace polis::onednn
