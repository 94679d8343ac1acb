#pragma once

#include "models/network.h"

namespace polis {

/// Shape of each layer's result, without the batch. Checks all on the way: that inputs are earlier
/// layers, that windows fit, that weights are there with the shapes the layer needs, that nothing
/// is larger than a computer. Errors: bad_input naming the layer.
std::vector<Shape> infer_shapes(const Network& network);

/// The shape of one more layer, given those of the layers before it. Errors: bad_input.
Shape infer_shape(const Layer& layer, const std::vector<Shape>& shapes);

}  // namespace polis
