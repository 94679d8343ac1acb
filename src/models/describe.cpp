#include "models/describe.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "models/cost.h"
#include "models/layer_options.h"
#include "models/shapes.h"

namespace polis {
namespace {

constexpr std::size_t kMostClasses = 20;

using Row = std::vector<std::string>;

/// Columns as wide as their widest entry.
std::string table_text(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string text;
  for (const Row& row : rows) {
    std::string line = " ";
    for (std::size_t c = 0; c < row.size(); ++c)
      line += " " + row[c] + std::string(widths[c] - row[c].size() + 1, ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string million(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value / 1e6);
  return text.data();
}

std::string class_list(const std::vector<std::string>& classes) {
  std::string text;
  for (std::size_t i = 0; i < std::min(classes.size(), kMostClasses); ++i)
    text.append(text.empty() ? "" : ", ").append(classes[i]);
  const std::size_t more = classes.size() - std::min(classes.size(), kMostClasses);
  return more == 0 ? text : text + " and " + std::to_string(more) + " more";
}

}  // namespace

std::string describe_network(const Network& network) {
  const std::vector<Shape> shapes = infer_shapes(network);
  std::vector<Row> rows{{"row", "layer", "kind", "takes", "result", "weights", "options"}};
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    std::string inputs;
    for (const std::size_t input : layer.inputs)
      inputs.append(inputs.empty() ? "" : " ").append(std::to_string(input));
    const std::int64_t weights = parameters_of(layer);
    rows.push_back({std::to_string(i), layer.name, std::string(name_of(layer.kind)), inputs,
                    shape_text(shapes[i]), weights == 0 ? "" : std::to_string(weights),
                    layer_options(layer)});
  }
  std::string text = "network " + network.name + "\ninput [" + shape_text(network.input_shape) +
                     "], normalisation " + std::string(name_of(network.normalisation)) + "\n" +
                     table_text(rows) + std::to_string(parameters_of(network)) + " weights, " +
                     million(flop_of(network)) +
                     " MFLOP per stamp\nclasses: " + class_list(network.classes) + "\n";
  for (const auto& [name, value] : network.card) text += "card " + name + ": " + value + "\n";
  return text;
}

}  // namespace polis
