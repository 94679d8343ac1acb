#include "models/simplify.h"

#include <cmath>

#include "models/shapes.h"

namespace polis {
namespace {

std::vector<int> uses_of(const Network& network) {
  std::vector<int> uses(network.layers.size(), 0);
  for (const Layer& layer : network.layers)
    for (const std::size_t input : layer.inputs) ++uses[input];
  ++uses.back();  // the output is used by the caller
  return uses;
}

/// Replaces layer i by layer instead[i] everywhere, and leaves out what nothing uses then.
Network rebuilt(Network network, std::vector<std::size_t> instead) {
  const std::size_t count = network.layers.size();
  for (std::size_t i = 0; i < count; ++i) instead[i] = instead[instead[i]];
  std::vector<bool> needed(count, false);
  needed[0] = needed[instead[count - 1]] = true;
  for (std::size_t i = count; i-- > 0;) {
    for (std::size_t& input : network.layers[i].inputs) {
      input = instead[input];
      if (needed[i]) needed[input] = true;
    }
  }
  std::vector<std::size_t> place(count, 0);
  std::vector<Layer> layers;
  for (std::size_t i = 0; i < count; ++i) {
    if (!needed[i]) continue;
    for (std::size_t& input : network.layers[i].inputs) input = place[input];
    place[i] = layers.size();
    layers.push_back(std::move(network.layers[i]));
  }
  network.layers = std::move(layers);
  return network;
}

std::vector<std::size_t> everyone_itself(const Network& network) {
  std::vector<std::size_t> instead(network.layers.size());
  for (std::size_t i = 0; i < instead.size(); ++i) instead[i] = i;
  return instead;
}

/// y -> y * factor + offset, per channel.
struct ChannelLine {
  std::vector<double> factor, offset;
};

ChannelLine line_of(const Layer& norm) {
  ChannelLine line;
  const auto& scale = norm.weight("scale")->values;
  for (std::size_t c = 0; c < scale.size(); ++c) {
    const double variance = norm.weight("variance")->values[c];
    const double factor = scale[c] / std::sqrt(variance + norm.epsilon);
    line.factor.push_back(factor);
    line.offset.push_back(norm.weight("shift")->values[c] -
                          factor * norm.weight("mean")->values[c]);
  }
  return line;
}

void fold(const ChannelLine& line, Layer& layer) {
  Tensor& weight = layer.weights["weight"];
  const std::size_t channels = line.factor.size();
  const bool transposed = layer.kind == LayerKind::transposed_convolution;
  const auto groups = static_cast<std::size_t>(layer.groups);
  // Transposed: [C, O/groups, k...], where the group of an input channel gives that of the output.
  const std::size_t rows = static_cast<std::size_t>(weight.shape[0]);
  const std::size_t per_group = channels / groups;
  const std::size_t block =
      transposed ? weight.values.size() / (rows * per_group) : weight.values.size() / channels;
  for (std::size_t i = 0; i < weight.values.size(); ++i) {
    std::size_t channel = i / block;
    if (transposed) {
      const std::size_t row = i / (block * per_group);
      channel = row / (rows / groups) * per_group + i / block % per_group;
    }
    weight.values[i] = static_cast<float>(weight.values[i] * line.factor[channel]);
  }
  Tensor& bias = layer.weights["bias"];
  if (bias.values.empty())
    bias = {{static_cast<std::int64_t>(channels)}, std::vector<float>(channels)};
  for (std::size_t c = 0; c < channels; ++c)
    bias.values[c] = static_cast<float>(bias.values[c] * line.factor[c] + line.offset[c]);
}

/// Whether the channels of a batch norm after `layer` are the rows of its weights.
bool takes_channel_line(const Layer& layer, const Shape& result) {
  return layer.kind == LayerKind::convolution || layer.kind == LayerKind::transposed_convolution ||
         (layer.kind == LayerKind::linear && result.size() == 1);
}

Network fold_batch_norms(Network network) {
  const std::vector<Shape> shapes = infer_shapes(network);
  const std::vector<int> uses = uses_of(network);
  std::vector<std::size_t> instead = everyone_itself(network);
  for (std::size_t i = 1; i < network.layers.size(); ++i) {
    if (network.layers[i].kind != LayerKind::batch_norm) continue;
    const std::size_t before = instead[network.layers[i].inputs[0]];
    const bool alone = uses[network.layers[i].inputs[0]] == 1 && uses[before] == 1;
    if (!alone || !takes_channel_line(network.layers[before], shapes[before])) continue;
    fold(line_of(network.layers[i]), network.layers[before]);
    instead[i] = before;
  }
  return rebuilt(std::move(network), std::move(instead));
}

Network cancel_permutations(Network network) {
  std::vector<std::size_t> instead = everyone_itself(network);
  for (std::size_t i = 1; i < network.layers.size(); ++i) {
    const Layer& second = network.layers[i];
    if (second.kind != LayerKind::permute) continue;
    const Layer& first = network.layers[second.inputs[0]];
    if (first.kind != LayerKind::permute) continue;
    bool cancels = true;
    for (std::size_t a = 0; a < second.target.size(); ++a) {
      cancels = cancels && first.target[static_cast<std::size_t>(second.target[a])] ==
                               static_cast<std::int64_t>(a);
    }
    if (cancels) instead[i] = instead[first.inputs[0]];
  }
  return rebuilt(std::move(network), std::move(instead));
}

/// Columns of `weight`, which stand in the order of `from` with its axes permuted by `order`, put
/// into the order of `from`.
void permute_columns(Tensor& weight, const Shape& from, const Shape& order) {
  std::vector<std::int64_t> stride(from.size(), 1);
  for (std::size_t a = from.size() - 1; a-- > 0;) stride[a] = stride[a + 1] * from[a + 1];
  const auto columns = static_cast<std::size_t>(weight.shape[1]);
  std::vector<std::size_t> column(columns);
  std::vector<std::int64_t> at(order.size(), 0);
  for (std::size_t j = 0; j < columns; ++j) {
    std::int64_t place = 0;
    for (std::size_t a = 0; a < order.size(); ++a)
      place += at[a] * stride[static_cast<std::size_t>(order[a])];
    column[j] = static_cast<std::size_t>(place);
    for (std::size_t a = order.size(); a-- > 0;) {
      if (++at[a] < from[static_cast<std::size_t>(order[a])]) break;
      at[a] = 0;
    }
  }
  const std::vector<float> old = weight.values;
  for (std::size_t i = 0; i < old.size(); ++i)
    weight.values[i / columns * columns + column[i % columns]] = old[i];
}

Network fold_permutations(Network network) {
  const std::vector<Shape> shapes = infer_shapes(network);
  const std::vector<int> uses = uses_of(network);
  for (Layer& linear : network.layers) {
    if (linear.kind != LayerKind::linear) continue;
    Layer& flatten = network.layers[linear.inputs[0]];
    if (flatten.kind != LayerKind::flatten || uses[linear.inputs[0]] != 1) continue;
    const Layer& permute = network.layers[flatten.inputs[0]];
    if (permute.kind != LayerKind::permute) continue;
    permute_columns(linear.weights["weight"], shapes[permute.inputs[0]], permute.target);
    flatten.inputs = permute.inputs;
  }
  std::vector<std::size_t> instead = everyone_itself(network);
  return rebuilt(std::move(network), std::move(instead));
}

}  // namespace

Network simplify(Network network) {
  network = cancel_permutations(std::move(network));
  network = fold_permutations(std::move(network));
  return fold_batch_norms(std::move(network));
}

}  // namespace polis
