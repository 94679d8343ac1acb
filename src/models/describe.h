#pragma once

#include "models/network.h"

namespace polis {

/// The network as text for people: input, layers with their shapes and weights, classes, card.
std::string describe_network(const Network& network);

}  // namespace polis
