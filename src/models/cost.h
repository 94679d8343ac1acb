#pragma once

#include "models/network.h"

namespace polis {

/// Multiply-adds of one stamp, times two; from the convolutions, linear and recurrent layers.
double flop_of(const Network& network);
/// Number of weights.
std::int64_t parameters_of(const Network& network);
std::int64_t parameters_of(const Layer& layer);

}  // namespace polis
