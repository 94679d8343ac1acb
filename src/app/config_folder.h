#pragma once

#include <string>

namespace polis {

/// Where the shipped configuration lies: $POLIS_CONFIG if set, else configs/ of the source tree
/// this program was built from.
std::string config_folder();

/// The network that judges candidates unless a city has its own: $POLIS_DATA/models/real_bogus.h5,
/// else data/models/real_bogus.h5 of the source tree. Empty: there is none.
std::string shipped_network();

}  // namespace polis
