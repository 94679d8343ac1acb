#include "formats/keras.h"

#include "base/error.h"
#include "formats/hdf5_seal.h"
#include "formats/keras_parts.h"

namespace polis {

ForeignGraph read_keras(std::string_view architecture, ByteView weights) {
  try_in_child("Keras weights", [&] { read_keras_weights(weights); });
  KerasWeights file = read_keras_weights(weights);
  if (architecture.empty() && file.architecture.empty()) {
    throw Error(ErrorKind::bad_input, "cannot import the Keras network",
                "the HDF5 file holds weights alone", "give the architecture's JSON file too");
  }
  ForeignGraph graph = read_keras_architecture(
      architecture.empty() ? std::string_view(file.architecture) : architecture);
  graph.tensors = std::move(file.tensors);
  return graph;
}

}  // namespace polis
