#pragma once

#include <string_view>

#include "base/digest.h"
#include "formats/foreign_graph.h"

/// Networks as Keras 2 saves them: the architecture as JSON, the weights as HDF5; or both in one
/// HDF5 file (attribute model_config).
namespace polis {

/// One node per layer: `op` is its class, its config becomes the attributes (a list of numbers or
/// texts under its key; a layer inside, as in Bidirectional, under "layer." and its keys). The
/// tensors of layer L are named "L/kernel", "L/bias" ... as in Keras, without ":0"; the two halves
/// of a Bidirectional "L/forward/kernel", "L/backward/kernel". `architecture` may be empty if the
/// HDF5 file holds it. The file is first read in a child process: never call this in a process that
/// has started MPI. Errors: bad_input.
ForeignGraph read_keras(std::string_view architecture, ByteView weights);

}  // namespace polis
