#pragma once

#include <vector>

#include "models/network.h"

/// Every layer in its plainest form: loops over axes, sums in double. The oracle of the executor.
namespace polis::test {

struct Box {
  Shape shape;
  std::vector<double> values;
};

Box reference_layer(const Layer& layer, const std::vector<const Box*>& inputs);

/// The answers to all stamps, which are normalised already.
std::vector<double> reference_run(const Network& network, const std::vector<float>& stamps);

}  // namespace polis::test
