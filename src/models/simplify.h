#pragma once

#include "models/network.h"

namespace polis {

/// The same function with fewer layers: batch norms folded into the convolution or linear layer
/// before them, permutations before flatten + linear folded into the weights, pairs of permutations
/// that cancel and layers that nothing uses left out. Answers differ by rounding alone.
Network simplify(Network network);

}  // namespace polis
