#pragma once

#include "models/network.h"

namespace polis {

/// Checks that the network can be run and says what it claims: shapes of all layers and weights,
/// weights that are finite, variances above zero, one class per output, golden pair of the right
/// shape. Errors: bad_input, naming what is wrong.
void check_network(const Network& network);

/// Runs the network over its golden input. Errors: bad_input if the answer is not the golden output
/// within 1e-5 + 1e-4 of its size.
void check_golden(const Network& network);

}  // namespace polis
