#pragma once

#include <map>

#include "models/network_maker.h"

namespace polis {

/// Gives the layers of a Keras network their meaning. Keras puts channels last; here they come
/// first, so what depends on the order of the axes (Flatten, Reshape, LayerNormalization ...) is
/// wrapped in permutations, which `simplify` folds away where it can.
class KerasImporter {
 public:
  KerasImporter(const ForeignGraph& graph, const ImportOptions& options);
  Network run();

 private:
  using Handler = std::size_t (KerasImporter::*)(const ForeignNode&);
  static const std::map<std::string, Handler>& handlers();

  // import_keras.cpp
  std::size_t input(const ForeignNode& node, std::size_t which = 0) const;
  const Shape& shape_of_input(const ForeignNode& node) const;
  Tensor weight(const ForeignNode& node, const std::string& name) const;
  bool has_weight(const ForeignNode& node, const std::string& name) const;
  Layer layer(LayerKind kind, const ForeignNode& node) const;
  std::size_t activated(const ForeignNode& node, std::size_t layer, const std::string& function);
  std::size_t channels_last(std::size_t layer, const std::string& name);
  std::size_t channels_first(std::size_t layer, const std::string& name);
  std::size_t nothing(const ForeignNode& node);
  std::size_t zero_padding(const ForeignNode& node);
  std::size_t padded(const ForeignNode& node, Window& window);

  // keras_layers.cpp
  Window window(const ForeignNode& node, const char* size_key, bool transposed);
  void put_bias(Layer& layer, const ForeignNode& node) const;
  std::size_t convolution(const ForeignNode& node);
  std::size_t depthwise(const ForeignNode& node);
  std::size_t separable(const ForeignNode& node);
  std::size_t depthwise_part(const ForeignNode& node, const std::string& kernel, bool bias);
  std::size_t transposed_convolution(const ForeignNode& node);
  std::size_t dense(const ForeignNode& node);
  std::size_t pool(const ForeignNode& node);
  std::size_t global_pool(const ForeignNode& node);
  std::size_t batch_norm(const ForeignNode& node);
  std::size_t layer_norm(const ForeignNode& node);
  std::size_t activation(const ForeignNode& node);
  std::size_t softmax(const ForeignNode& node);
  std::size_t merge(const ForeignNode& node);
  std::size_t concat(const ForeignNode& node);
  std::size_t up_sampling(const ForeignNode& node);
  std::size_t flatten(const ForeignNode& node);
  std::size_t reshape(const ForeignNode& node);
  std::size_t permute(const ForeignNode& node);
  std::size_t recurrent(const ForeignNode& node);
  std::size_t bidirectional(const ForeignNode& node);
  std::size_t one_direction(const ForeignNode& node, const std::string& op,
                            const std::string& config, const std::string& weights, bool backwards,
                            std::size_t series);

  const ForeignGraph& graph_;
  const ImportOptions& options_;
  NetworkMaker maker_;
  std::map<std::string, std::size_t> values_;  ///< Keras layer -> our layer
  std::map<std::string, Window> padding_;      ///< of ZeroPadding layers: taken up by what follows
};

}  // namespace polis
