// The artifact of kind `model`: docs/formats/model.md.
#include "base/error.h"
#include "models/check.h"
#include "models/layer_options.h"
#include "models/network.h"
#include "sky/table.h"

namespace polis {
namespace {

constexpr std::string_view kFormat = "polis model 1";
constexpr std::string_view kCard = "card_";

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::bad_input, "cannot read a model", why);
}

Table layer_table(const Network& network) {
  std::vector<std::string> names, kinds, inputs, options;
  for (const Layer& layer : network.layers) {
    names.push_back(layer.name);
    kinds.emplace_back(name_of(layer.kind));
    Shape places;
    for (const std::size_t input : layer.inputs) places.push_back(static_cast<std::int64_t>(input));
    inputs.push_back(shape_text(places));
    options.push_back(layer_options(layer));
  }
  Table table("layers");
  table.add({"name", "", "", "", std::move(names)});
  table.add({"kind", "", "", "", std::move(kinds)});
  table.add({"inputs", "", "", "rows of the layers whose results it takes", std::move(inputs)});
  table.add({"options", "", "", "name=value, separated by semicolons", std::move(options)});
  return table;
}

/// All weights one after the other in `values`, and where each begins.
void add_weights(const Network& network, TableSet& tables) {
  std::vector<std::int32_t> layers;
  std::vector<std::string> roles, shapes;
  std::vector<std::int64_t> firsts;
  std::vector<float> values;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    for (const auto& [role, tensor] : network.layers[i].weights) {
      layers.push_back(static_cast<std::int32_t>(i));
      roles.push_back(role);
      shapes.push_back(shape_text(tensor.shape));
      firsts.push_back(static_cast<std::int64_t>(values.size()));
      values.insert(values.end(), tensor.values.begin(), tensor.values.end());
    }
  }
  Table index("weights");
  index.add({"layer", "", "", "row of the layer", std::move(layers)});
  index.add({"role", "", "", "", std::move(roles)});
  index.add({"shape", "", "", "the last axis runs fastest", std::move(shapes)});
  index.add({"first", "", "", "row of table values", std::move(firsts)});
  Table table("values");
  table.add({"value", "", "", "", std::move(values)});
  tables.tables.push_back(std::move(index));
  tables.tables.push_back(std::move(table));
}

Table tensor_table(const std::string& name, const Tensor& tensor) {
  Table table(name);
  table.add({"value", "", "", "", tensor.values});
  table.facts["shape"] = shape_text(tensor.shape);
  return table;
}

const std::string& fact(const Facts& facts, const std::string& name) {
  const auto found = facts.find(name);
  if (found == facts.end()) refuse("fact \"" + name + "\" is missing");
  return found->second;
}

Tensor tensor_of(const TableSet& tables, const std::string& name) {
  const Table& table = tables.at(name);
  return {shape_from(fact(table.facts, "shape"), name), table.get<float>("value")};
}

std::vector<Layer> layers_of(const Table& table) {
  const auto& names = table.get<std::string>("name");
  const auto& kinds = table.get<std::string>("kind");
  const auto& inputs = table.get<std::string>("inputs");
  const auto& options = table.get<std::string>("options");
  std::vector<Layer> layers(names.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    layers[i].name = names[i];
    layers[i].kind = layer_kind_from(kinds[i]);
    for (const std::int64_t input : shape_from(inputs[i], "the inputs of a layer"))
      layers[i].inputs.push_back(static_cast<std::size_t>(input));
    set_layer_options(layers[i], options[i]);
  }
  return layers;
}

void take_weights(const TableSet& tables, std::vector<Layer>& layers) {
  const Table& index = tables.at("weights");
  const auto& values = tables.at("values").get<float>("value");
  const auto& owner = index.get<std::int32_t>("layer");
  const auto& roles = index.get<std::string>("role");
  const auto& shapes = index.get<std::string>("shape");
  const auto& firsts = index.get<std::int64_t>("first");
  for (std::size_t i = 0; i < index.rows(); ++i) {
    const Shape shape = shape_from(shapes[i], "the shape of a weight");
    const std::int64_t count = elements_of(shape);
    const auto size = static_cast<std::int64_t>(values.size());
    if (owner[i] < 0 || static_cast<std::size_t>(owner[i]) >= layers.size())
      refuse("a weight belongs to no layer");
    if (count < 1 || firsts[i] < 0 || count > size || firsts[i] > size - count)
      refuse("weight \"" + roles[i].substr(0, 80) + "\" lies outside the values that are there");
    const auto begin = values.begin() + firsts[i];
    layers[static_cast<std::size_t>(owner[i])].weights[roles[i]] = {shape, {begin, begin + count}};
  }
}

}  // namespace

Artifact model_artifact(const Network& network, Facts provenance) {
  check_network(network);
  TableSet tables;
  tables.facts["format"] = kFormat;
  tables.facts["name"] = network.name;
  tables.facts["input_shape"] = shape_text(network.input_shape);
  tables.facts["normalisation"] = name_of(network.normalisation);
  for (const auto& [name, text] : network.card) tables.facts[std::string(kCard) + name] = text;
  tables.tables.push_back(layer_table(network));
  Table classes("classes");
  classes.add({"name", "", "", "of the outputs, in order", network.classes});
  tables.tables.push_back(std::move(classes));
  add_weights(network, tables);
  tables.tables.push_back(tensor_table("golden_input", network.golden_input));
  tables.tables.push_back(tensor_table("golden_output", network.golden_output));
  return Artifact::of("model", std::move(tables), std::move(provenance));
}

Network read_network(const Artifact& model) {
  if (model.kind() != "model") refuse("the artifact is a " + model.kind() + ", no model");
  const TableSet& tables = model.as<TableSet>();
  const auto format = tables.facts.find("format");
  if (format == tables.facts.end() || format->second != kFormat)
    refuse("the file does not say that it is a \"" + std::string(kFormat) + "\"");
  Network network;
  try {
    network.name = fact(tables.facts, "name");
    network.input_shape = shape_from(fact(tables.facts, "input_shape"), "the input shape");
    network.normalisation = normalisation_from(fact(tables.facts, "normalisation"));
    network.classes = tables.at("classes").get<std::string>("name");
    for (const auto& [name, text] : tables.facts)
      if (name.starts_with(kCard)) network.card[name.substr(kCard.size())] = text;
    network.layers = layers_of(tables.at("layers"));
    take_weights(tables, network.layers);
    network.golden_input = tensor_of(tables, "golden_input");
    network.golden_output = tensor_of(tables, "golden_output");
  } catch (const Error& error) {
    // A table or column that is missing or of another type is the file's fault, not ours.
    if (error.kind() == ErrorKind::bad_input) throw;
    refuse(error.what());
  }
  check_network(network);
  return network;
}

Network load_network(const Artifact& model) {
  Network network = read_network(model);
  check_golden(network);
  return network;
}

}  // namespace polis
