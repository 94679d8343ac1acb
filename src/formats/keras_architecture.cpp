#include <set>

#include "base/error.h"
#include "formats/json_text.h"
#include "formats/keras_parts.h"

namespace polis {
namespace {

constexpr std::size_t kMostLayers = 10000;

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read a Keras architecture", why);
}

/// A number or text; lists inside lists become one. An extent that is not fixed (null) is -1.
void add_values(ForeignAttribute& attribute, const Json& value) {
  if (value.is_array()) {
    for (const Json& item : value) add_values(attribute, item.is_null() ? Json(-1) : item);
  } else if (value.is_boolean()) {
    attribute.integers.push_back(value.get<bool>() ? 1 : 0);
  } else if (value.is_number_integer()) {
    attribute.integers.push_back(value.get<std::int64_t>());
    attribute.reals.push_back(value.get<double>());
  } else if (value.is_number()) {
    attribute.reals.push_back(value.get<double>());
  } else if (value.is_string()) {
    attribute.texts.push_back(value.get<std::string>());
  }
}

/// Initialisers, regularisers and other objects mean nothing to a trained network: left out, but
/// for a layer inside.
void add_config(ForeignNode& node, const Json& config, const std::string& prefix) {
  for (const auto& [key, value] : config.items()) {
    if (key == "layer" && value.is_object() && prefix.empty()) {
      node.attributes["layer.class_name"].texts = {json_to_text(value, "class_name")};
      add_config(node, json_member(value, "config"), "layer.");
      continue;
    }
    if (value.is_null() || value.is_object()) continue;
    ForeignAttribute attribute;
    add_values(attribute, value);
    node.attributes[prefix + key] = std::move(attribute);
  }
}

/// Names of the layers that [[["name", node, tensor, {}], ...]] names.
std::vector<std::string> inbound(const Json& layer) {
  std::vector<std::string> names;
  const auto found = layer.find("inbound_nodes");
  if (found == layer.end() || !found->is_array() || found->empty()) return names;
  if (found->size() != 1) refuse("a layer is used more than once: shared layers are not supported");
  const Json& node = found->front();
  if (!node.is_array()) refuse("inbound_nodes of a layer are no lists (Keras 3?)");
  for (const Json& from : node) {
    if (!from.is_array() || from.empty() || !from.front().is_string())
      refuse("inbound_nodes of a layer name no layer");
    names.push_back(from.front().get<std::string>());
  }
  return names;
}

/// Names in [["name", 0, 0], ...] or ["name", 0, 0].
std::vector<std::string> ends(const Json& config, const char* key) {
  std::vector<std::string> names;
  const Json& list = json_member(config, key);
  if (!list.is_array()) refuse(std::string(key) + " is no list");
  for (const Json& end : list) {
    if (end.is_array() && !end.empty() && end.front().is_string()) {
      names.push_back(end.front().get<std::string>());
    } else if (end.is_string() && names.empty()) {
      return {end.get<std::string>()};
    }
  }
  return names;
}

void add_input(ForeignGraph& graph, const ForeignNode& node) {
  Shape shape = node.integers("batch_input_shape");
  if (shape.empty()) shape = node.integers("batch_shape");
  if (!shape.empty()) graph.inputs.push_back({node.name, shape});
}

ForeignNode read_layer(const Json& layer) {
  ForeignNode node;
  node.op = json_to_text(layer, "class_name");
  const Json& config = json_member(layer, "config");
  if (!config.is_object()) refuse("a layer's config is no object");
  add_config(node, config, "");
  node.name = json_to_text(config, "name");
  node.outputs = {node.name};
  return node;
}

}  // namespace

ForeignGraph read_keras_architecture(std::string_view text) {
  const Json json = parse_json(text, "a Keras architecture");
  ForeignGraph graph;
  graph.producer = "keras";
  if (json.is_object() && json.contains("keras_version"))
    graph.producer += " " + json_to_text(json, "keras_version");
  const std::string kind = json_to_text(json, "class_name");
  const bool sequential = kind == "Sequential";
  if (!sequential && kind != "Model" && kind != "Functional")
    refuse("a " + kind.substr(0, 80) + " is neither a Sequential nor a Functional model");
  const Json& config = json_member(json, "config");
  if (config.is_object() && config.contains("name")) graph.name = json_to_text(config, "name");
  const Json& layers = config.is_array() ? config : json_member(config, "layers");
  if (!layers.is_array() || layers.empty() || layers.size() > kMostLayers)
    refuse("it lists no layers, or too many");
  std::set<std::string> names;
  for (const Json& layer : layers) {
    ForeignNode node = read_layer(layer);
    if (!names.insert(node.name).second) refuse("two layers are called " + node.name.substr(0, 80));
    node.inputs = inbound(layer);
    if (sequential && !graph.nodes.empty()) node.inputs = {graph.nodes.back().name};
    add_input(graph, node);
    graph.nodes.push_back(std::move(node));
  }
  if (sequential) {
    graph.outputs = {{graph.nodes.back().name, {}}};
  } else {
    for (const std::string& name : ends(config, "output_layers"))
      graph.outputs.push_back({name, {}});
  }
  return graph;
}

}  // namespace polis
