#pragma once

#include "base/random.h"
#include "models/network.h"

namespace polis::test {

/// Shapes that suit the layer: an image or series (with odd extents too), a vector, ...
Shape random_shape(LayerKind kind, RandomStream& random);

/// A layer of that kind with random options and weights, which fits an input of that shape.
Layer random_layer(LayerKind kind, const Shape& in, RandomStream& random);

/// Input and one layer. Layers of two inputs get the input and a convolution of it.
Network one_layer(LayerKind kind, std::uint64_t index);

/// A small network as they are in use: convolutions with norms and activations, a shortcut, pools,
/// linear layers, softmax; `classes` outputs.
Network small_network(std::uint64_t index, std::int64_t classes = 5);

std::vector<float> random_stamps(const Network& network, std::int64_t count, std::uint64_t index);

/// Largest difference between answers, relative to 1 + their size.
double largest_difference(const std::vector<float>& answers, const std::vector<double>& expected);

}  // namespace polis::test
