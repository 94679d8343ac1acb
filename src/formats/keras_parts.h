#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "formats/foreign_graph.h"

/// The two halves of reading a Keras network.
namespace polis {

/// Nodes, inputs and outputs; no tensors. Errors: bad_input.
ForeignGraph read_keras_architecture(std::string_view json);

struct KerasWeights {
  std::string architecture;  ///< JSON of attribute model_config; empty if there is none
  std::map<std::string, Tensor> tensors;
};
/// Errors: bad_input (no HDF5, other types than float, more values than the file can hold).
KerasWeights read_keras_weights(ByteView bytes);

}  // namespace polis
