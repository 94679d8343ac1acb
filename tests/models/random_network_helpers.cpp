#include "models/random_network_helpers.h"

#include <algorithm>
#include <cmath>

#include "models/network_maker.h"

namespace polis::test {
namespace {

std::int64_t between(std::int64_t low, std::int64_t high, RandomStream& random) {
  return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1)));
}

Tensor noise(Shape shape, double sigma, RandomStream& random) {
  Tensor tensor{std::move(shape), {}};
  const std::int64_t count = elements_of(tensor.shape);
  for (std::int64_t i = 0; i < count; ++i)
    tensor.values.push_back(static_cast<float>(sigma * random.normal()));
  return tensor;
}

Tensor kernel_noise(Shape shape, RandomStream& random) {
  const double fan = static_cast<double>(elements_of(shape)) / static_cast<double>(shape[0]);
  return noise(std::move(shape), 1.0 / std::sqrt(fan), random);
}

Window random_window(const Shape& in, bool pool, RandomStream& random) {
  Window w;
  for (std::size_t a = 0; a + 1 < in.size(); ++a) {
    const std::int64_t size = between(1, std::min<std::int64_t>(5, in[a + 1]), random);
    const std::int64_t room = (in[a + 1] - 1) / std::max<std::int64_t>(size - 1, 1);
    w.size.push_back(size);
    w.stride.push_back(between(1, 3, random));
    w.dilation.push_back(pool ? 1 : between(1, std::clamp<std::int64_t>(room, 1, 3), random));
    w.pad_before.push_back(between(0, size - 1, random));
    w.pad_after.push_back(between(0, size - 1, random));
  }
  return w;
}

Shape with_window(Shape first, const Window& w) {
  first.insert(first.end(), w.size.begin(), w.size.end());
  return first;
}

void convolution(Layer& layer, const Shape& in, RandomStream& random) {
  layer.window = random_window(in, false, random);
  const bool transposed = layer.kind == LayerKind::transposed_convolution;
  if (random.below(3) == 0 && in[0] % 2 == 0) layer.groups = random.below(2) == 0 ? 2 : in[0];
  const std::int64_t outputs = layer.groups * between(1, 20, random);
  layer.weights["weight"] =
      transposed ? kernel_noise(with_window({in[0], outputs / layer.groups}, layer.window), random)
                 : kernel_noise(with_window({outputs, in[0] / layer.groups}, layer.window), random);
  if (transposed) {
    // Something must be left of the output.
    for (std::size_t a = 0; a < layer.window.size.size(); ++a) {
      if (in[a + 1] == 1) layer.window.pad_before[a] = layer.window.pad_after[a] = 0;
      layer.window.pad_before[a] = std::min<std::int64_t>(layer.window.pad_before[a], 1);
      layer.window.pad_after[a] = std::min<std::int64_t>(layer.window.pad_after[a], 1);
    }
  }
  if (random.below(4) != 0) layer.weights["bias"] = noise({outputs}, 0.5, random);
}

void norm(Layer& layer, std::int64_t channels, RandomStream& random) {
  layer.epsilon = 1e-3;
  layer.weights["scale"] = noise({channels}, 1.0, random);
  layer.weights["shift"] = noise({channels}, 1.0, random);
  if (layer.kind == LayerKind::layer_norm) return;
  layer.weights["mean"] = noise({channels}, 1.0, random);
  Tensor variance = noise({channels}, 1.0, random);
  for (float& v : variance.values) v = 0.1F + v * v;
  layer.weights["variance"] = std::move(variance);
}

void recurrent(Layer& layer, const Shape& in, RandomStream& random) {
  const std::int64_t gates = layer.kind == LayerKind::lstm ? 4 : 3;
  const std::int64_t units = between(1, 24, random);
  layer.weights["input_weight"] = kernel_noise({gates * units, in[1]}, random);
  layer.weights["hidden_weight"] = kernel_noise({gates * units, units}, random);
  if (random.below(3) != 0) layer.weights["bias"] = noise({gates * units}, 0.5, random);
  if (random.below(3) != 0) layer.weights["hidden_bias"] = noise({gates * units}, 0.5, random);
  layer.backwards = random.below(2) == 0;
  layer.last_only = random.below(2) == 0;
  layer.linear_before_reset = layer.kind == LayerKind::gru && random.below(2) == 0;
}

}  // namespace

Shape random_shape(LayerKind kind, RandomStream& random) {
  switch (kind) {
    case LayerKind::linear:
      return random.below(3) != 0 ? Shape{between(1, 70, random)}
                                  : Shape{between(1, 7, random), between(1, 33, random)};
    case LayerKind::lstm:
    case LayerKind::gru:
      return {between(1, 12, random), between(1, 20, random)};
    default:
      break;
  }
  Shape shape{between(1, 40, random), between(1, 17, random)};
  if (random.below(3) != 0) shape.push_back(between(1, 17, random));
  return shape;
}

Layer random_layer(LayerKind kind, const Shape& in, RandomStream& random) {
  Layer layer;
  layer.kind = kind;
  layer.name = std::string(name_of(kind)) + "_layer";
  switch (kind) {
    case LayerKind::convolution:
    case LayerKind::transposed_convolution:
      convolution(layer, in, random);
      break;
    case LayerKind::linear: {
      const std::int64_t outputs = between(1, 50, random);
      layer.weights["weight"] = kernel_noise({outputs, in.back()}, random);
      if (random.below(4) != 0) layer.weights["bias"] = noise({outputs}, 0.5, random);
      break;
    }
    case LayerKind::max_pool:
    case LayerKind::average_pool:
      layer.window = random_window(in, true, random);
      layer.count_padding = random.below(2) == 0;
      break;
    case LayerKind::batch_norm:
      norm(layer, in[0], random);
      break;
    case LayerKind::layer_norm:
      norm(layer, in.back(), random);
      break;
    case LayerKind::leaky_relu:
      layer.alpha = 0.1;
      break;
    case LayerKind::softmax:
    case LayerKind::concat:
      layer.axis = static_cast<std::int64_t>(random.below(in.size()));
      break;
    case LayerKind::resize_nearest:
    case LayerKind::resize_linear:
      for (std::size_t a = 0; a + 1 < in.size(); ++a)
        layer.target.push_back(in[a + 1] * between(1, 3, random));
      break;
    case LayerKind::reshape:
      layer.target = {in.back(), elements_of(in) / in.back()};
      break;
    case LayerKind::permute:
      for (std::size_t a = 0; a < in.size(); ++a)
        layer.target.push_back(static_cast<std::int64_t>((a + 1) % in.size()));
      break;
    case LayerKind::lstm:
    case LayerKind::gru:
      recurrent(layer, in, random);
      break;
    default:
      break;
  }
  return layer;
}

Network one_layer(LayerKind kind, std::uint64_t index) {
  RandomStream random(7, name_of(kind), index);
  NetworkMaker maker(random_shape(kind, random));
  const Shape shape = maker.shape(0);
  std::vector<std::size_t> inputs{0};
  if (kind == LayerKind::add || kind == LayerKind::multiply || kind == LayerKind::concat) {
    // A second operand in a layout of the library's choice.
    Layer other = random_layer(LayerKind::convolution, shape, random);
    other.groups = 1;
    const Shape ones(shape.size() - 1, 1);
    const Shape zeros(shape.size() - 1, 0);
    other.window = {ones, ones, ones, zeros, zeros};
    other.weights["weight"] = kernel_noise(with_window({shape[0], shape[0]}, other.window), random);
    other.weights.erase("bias");
    other.inputs = {0};
    inputs.push_back(maker.add(std::move(other)));
    if (kind != LayerKind::concat && random.below(2) == 0) {
      // One number per channel, repeated over the image.
      const std::size_t pooled = maker.add(LayerKind::global_average_pool, "squeeze", {1});
      Shape target(shape.size(), 1);
      target[0] = shape[0];
      inputs.back() = maker.reshape(pooled, target, "unsqueeze");
      if (random.below(2) == 0) std::swap(inputs[0], inputs[1]);
    }
  }
  Layer layer = random_layer(kind, shape, random);
  layer.inputs = inputs;
  ImportOptions options;
  options.name = name_of(kind);
  return maker.finish(maker.add(std::move(layer)), {}, options);
}

Network small_network(std::uint64_t index, std::int64_t classes) {
  RandomStream random(8, "small network", index);
  NetworkMaker maker({between(1, 4, random), between(12, 20, random), between(12, 20, random)});
  std::size_t at = 0;
  const auto grow = [&](LayerKind kind) {
    Layer layer = random_layer(kind, maker.shape(at), random);
    layer.name += "_" + std::to_string(at);
    layer.inputs = {at};
    at = maker.add(std::move(layer));
  };
  const auto same_convolution = [&](std::int64_t channels) {
    Layer layer = random_layer(LayerKind::convolution, maker.shape(at), random);
    layer.name += "_" + std::to_string(at);
    layer.groups = 1;
    layer.window = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
    layer.weights["weight"] = kernel_noise({channels, maker.shape(at)[0], 3, 3}, random);
    layer.weights["bias"] = noise({channels}, 0.1, random);
    layer.inputs = {at};
    at = maker.add(std::move(layer));
  };
  constexpr std::array<LayerKind, 5> functions{LayerKind::relu, LayerKind::leaky_relu,
                                               LayerKind::gelu, LayerKind::swish, LayerKind::tanh};
  const std::int64_t channels = 8 * between(1, 3, random);
  same_convolution(channels);
  grow(LayerKind::batch_norm);
  grow(functions[random.below(functions.size())]);
  const std::size_t shortcut = at;
  same_convolution(channels);
  grow(functions[random.below(functions.size())]);
  same_convolution(channels);
  grow(LayerKind::batch_norm);
  at = maker.add(LayerKind::add, "shortcut", {at, shortcut});
  grow(LayerKind::relu);
  Layer pool = random_layer(LayerKind::max_pool, maker.shape(at), random);
  pool.window = {{2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}};
  pool.inputs = {at};
  at = maker.add(std::move(pool));
  if (random.below(2) == 0) {
    at = maker.permute(at, {1, 2, 0}, "channels_last");
    at = maker.add(LayerKind::flatten, "flatten", {at});
  } else {
    at = maker.add(LayerKind::global_average_pool, "mean", {at});
  }
  for (const std::int64_t outputs : {std::int64_t{20}, classes}) {
    Layer linear = random_layer(LayerKind::linear, maker.shape(at), random);
    linear.name += "_" + std::to_string(outputs);
    linear.weights["weight"] = kernel_noise({outputs, maker.shape(at)[0]}, random);
    linear.weights["bias"] = noise({outputs}, 0.1, random);
    linear.inputs = {at};
    at = maker.add(std::move(linear));
    at = maker.add(outputs == classes ? LayerKind::softmax : LayerKind::relu,
                   "after_" + std::to_string(outputs), {at});
  }
  ImportOptions options;
  options.name = "small";
  options.card = {{"use", "tests"}};
  return maker.finish(at, {}, options);
}

std::vector<float> random_stamps(const Network& network, std::int64_t count, std::uint64_t index) {
  RandomStream random(9, "stamps", index);
  return noise({count * elements_of(network.input_shape)}, 1.0, random).values;
}

double largest_difference(const std::vector<float>& answers, const std::vector<double>& expected) {
  double largest = answers.size() == expected.size() ? 0.0 : INFINITY;
  for (std::size_t i = 0; i < std::min(answers.size(), expected.size()); ++i) {
    const double off = std::abs(answers[i] - expected[i]) / (1.0 + std::abs(expected[i]));
    largest = std::max(largest, std::isfinite(off) ? off : INFINITY);
  }
  return largest;
}

}  // namespace polis::test
