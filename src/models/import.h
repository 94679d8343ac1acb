#pragma once

#include "formats/foreign_graph.h"
#include "models/network.h"

namespace polis {

/// What a file of another program does not say of its network.
struct ImportOptions {
  std::string name = {};  ///< empty: the file's
  Normalisation normalisation = Normalisation::none;
  std::vector<std::string> classes = {};  ///< empty: class_0, class_1 ...
  Shape input_shape = {};                 ///< channels first, without the batch; empty: the file's
  Facts card = {};
};

/// Keras 2 (read_keras). Channels move to the front: images become [C, H, W], series [C, L]. The
/// golden pair is made with our executor. Errors: bad_input naming the layer that has no
/// counterpart.
Network network_from_keras(const ForeignGraph& graph, const ImportOptions& options);

/// ONNX (read_onnx), operator sets 7 to 17. Errors: as above.
Network network_from_onnx(const ForeignGraph& graph, const ImportOptions& options);

/// The network as ONNX (operator set 17, batch not fixed), for write_onnx. The normalisation is not
/// part of it: it is named in the model's description. Errors: none for a checked network.
ForeignGraph onnx_from_network(const Network& network);

/// Fills in the golden pair: a few stamps of noise, from a fixed seed, and the executor's answers.
void make_golden_pair(Network& network);

}  // namespace polis
