#pragma once

#include <string>
#include <vector>

#include "formats/artifact.h"
#include "models/layer.h"

namespace polis {

/// What is done to each stamp before the first layer. In each case NaN becomes 0 first.
enum class Normalisation {
  none,
  l2_rows,   ///< each row (last axis) divided by its L2 norm: the braai network of ZTF, as deployed
  l2_image,  ///< each channel divided by its L2 norm
  standardise,  ///< each channel: mean 0, standard deviation 1
};
std::string_view name_of(Normalisation normalisation);
/// Errors: bad_config (no such normalisation; names all).
Normalisation normalisation_from(std::string_view name);

/// A network: architecture, weights, and all that is known of it. layers[0] is the input, the last
/// layer is the output. The shape of the input is fixed.
struct Network {
  std::string name;
  Shape input_shape;  ///< [C, H, W], [C, L] or [C]
  Normalisation normalisation = Normalisation::none;
  std::vector<std::string> classes;  ///< one per output; one alone: the probability of it
  std::vector<Layer> layers;
  Tensor golden_input;   ///< [n, input shape], before normalisation
  Tensor golden_output;  ///< [n, outputs]: what the network must answer to it
  /// The model card: data_digest, metric_<name>, baseline, licence, source, use, limits ...
  Facts card;
};

/// The artifact of kind `model` (docs/formats/model.md). Equal networks give equal bytes.
Artifact model_artifact(const Network& network, Facts provenance = {});

/// The network of an artifact of kind `model`, checked: see check_network, and its answer to the
/// golden input is the golden output. Errors: bad_input, saying what the model lies about.
Network load_network(const Artifact& model);

/// The same without the golden pair: for looking at a model that fails.
Network read_network(const Artifact& model);

}  // namespace polis
