#include "models/plan.h"

#include "base/error.h"
#include "models/plan_builder.h"
#include "models/shapes.h"

namespace polis::onednn {

std::pair<dnnl::algorithm, float> activation_of(const Layer& layer) {
  using dnnl::algorithm;
  switch (layer.kind) {
    case LayerKind::relu:
      return {algorithm::eltwise_relu, 0.0F};
    case LayerKind::leaky_relu:
      return {algorithm::eltwise_relu, static_cast<float>(layer.alpha)};
    case LayerKind::gelu:
      return {algorithm::eltwise_gelu_erf, 0.0F};
    case LayerKind::gelu_tanh:
      return {algorithm::eltwise_gelu_tanh, 0.0F};
    case LayerKind::swish:
      return {algorithm::eltwise_swish, 1.0F};
    case LayerKind::sigmoid:
      return {algorithm::eltwise_logistic, 0.0F};
    case LayerKind::tanh:
      return {algorithm::eltwise_tanh, 0.0F};
    default:
      throw Error(ErrorKind::internal, "cannot plan a network",
                  std::string(name_of(layer.kind)) + " is no activation");
  }
}

PlanBuilder::PlanBuilder(const dnnl::engine& engine, const Network& network, std::int64_t stamps,
                         const PlanOptions& options)
    : engine_(engine),
      network_(network),
      options_(options),
      shapes_(infer_shapes(network)),
      consumers_(network.layers.size()) {
  plan_.stamps = stamps;
  for (std::size_t i = 0; i < network.layers.size(); ++i)
    for (const std::size_t input : network.layers[i].inputs) consumers_[input].push_back(i);
}

Plan PlanBuilder::build() {
  plan_.input = new_slot(plain(with_batch(shapes_[0]), dnnl::memory::data_type::f32));
  values_[0] = plan_.input;
  for (std::size_t i = 1; i < network_.layers.size(); ++i)
    if (values_.count(i) == 0) build_layer(i);
  const Dims dims = dims_of(desc_of(values_.at(network_.layers.size() - 1)));
  const std::size_t result =
      converted(values_.at(network_.layers.size() - 1), plain(dims, dnnl::memory::data_type::f32));
  plan_.output = result;
  plan_.slots[plan_.slots[result].home].last = plan_.steps.size();
  place_in_arena();
  return std::move(plan_);
}

Dims PlanBuilder::with_batch(const Shape& shape) const {
  Dims dims{plan_.stamps};
  dims.insert(dims.end(), shape.begin(), shape.end());
  return dims;
}

/// The stamps come as f32; what takes them directly wants them in the type of all other values.
std::size_t PlanBuilder::input_of(const Layer& layer, std::size_t which) {
  const std::size_t slot = values_.at(layer.inputs.at(which));
  return slot == plan_.input ? plain_of(slot) : slot;
}

dnnl::primitive_attr PlanBuilder::plain_attributes() const {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

/// Activations and the sum with a value that is there already, as far as they follow one another
/// and nothing else wants what lies between.
PlanBuilder::Fusion PlanBuilder::fusion_after(std::size_t layer, bool may_add) {
  Fusion fusion{plain_attributes(), {}, layer, false};
  dnnl::post_ops operations;
  while (consumers_[fusion.last].size() == 1) {
    const std::size_t next = consumers_[fusion.last].front();
    const Layer& following = network_.layers[next];
    if (is_activation(following.kind)) {
      const auto [algorithm, alpha] = activation_of(following);
      append_activation(operations, algorithm, alpha);
    } else if (may_add && following.kind == LayerKind::add) {
      const std::size_t other = following.inputs[following.inputs[0] == fusion.last ? 1 : 0];
      const auto ready = values_.find(other);
      if (ready == values_.end() || shapes_[other] != shapes_[fusion.last] ||
          dims_of(desc_of(ready->second)) != with_batch(shapes_[other])) {
        break;
      }
      const int role = DNNL_ARG_ATTR_MULTIPLE_POST_OP(operations.len()) | DNNL_ARG_SRC_1;
      operations.append_binary(dnnl::algorithm::binary_add, desc_of(ready->second));
      fusion.operands.emplace_back(role, ready->second);
      fusion.adds = true;
    } else {
      break;
    }
    fusion.last = next;
  }
  fusion.attributes.set_post_ops(operations);
  return fusion;
}

void PlanBuilder::build_layer(std::size_t index) {
  const Layer& layer = network_.layers[index];
  const Shape& in = shapes_[layer.inputs.front()];
  const Shape& out = shapes_[index];
  switch (layer.kind) {
    case LayerKind::convolution:
    case LayerKind::transposed_convolution:
      convolution(index);
      return;
    case LayerKind::linear:
      linear(index);
      return;
    case LayerKind::max_pool:
    case LayerKind::average_pool:
    case LayerKind::global_max_pool:
    case LayerKind::global_average_pool:
      values_[index] = pool(layer, in, out);
      return;
    case LayerKind::batch_norm:
      values_[index] = batch_norm(layer, in);
      return;
    case LayerKind::layer_norm:
      values_[index] = layer_norm(layer);
      return;
    case LayerKind::softmax:
      values_[index] = softmax(layer);
      return;
    case LayerKind::add:
    case LayerKind::multiply:
      values_[index] = combine(layer, out);
      return;
    case LayerKind::concat:
      values_[index] = concat(layer);
      return;
    case LayerKind::resize_nearest:
    case LayerKind::resize_linear:
      values_[index] = resize(layer, out);
      return;
    case LayerKind::flatten:
    case LayerKind::reshape:
      values_[index] = reshape(index, out);
      return;
    case LayerKind::permute:
      values_[index] = permute(layer, out);
      return;
    case LayerKind::lstm:
    case LayerKind::gru:
      values_[index] = recurrent(layer, in);
      return;
    default:
      values_[index] = activation(layer);
  }
}

Plan make_plan(const dnnl::engine& engine, const Network& network, std::int64_t stamps,
               const PlanOptions& options) {
  return PlanBuilder(engine, network, stamps, options).build();
}

}  // namespace polis::onednn
