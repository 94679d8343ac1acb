#pragma once

#include <string>

namespace polis {

/// Where the shipped configuration lies: $POLIS_CONFIG if set, else configs/ of the source tree
/// this program was built from.
std::string config_folder();

}  // namespace polis
