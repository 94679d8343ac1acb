#include <cmath>
#include <numbers>
#include <optional>

#include "models/onnx_importer.h"

namespace polis {
namespace {

/// The graph seen from its values.
class Wiring {
 public:
  explicit Wiring(const ForeignGraph& graph) : graph_(graph) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const std::string& output : graph.nodes[i].outputs) maker_[output] = i;
      for (const std::string& input : graph.nodes[i].inputs) takers_[input].push_back(i);
    }
    for (const ForeignValue& output : graph.outputs) takers_[output.name].push_back(kOutside);
  }

  static constexpr std::size_t kOutside = static_cast<std::size_t>(-1);

  std::optional<std::size_t> maker(const std::string& value) const {
    const auto found = maker_.find(value);
    return found == maker_.end() ? std::nullopt : std::optional(found->second);
  }
  /// The one node that takes the value, if its operation is `op`.
  std::optional<std::size_t> only_taker(const std::string& value, const std::string& op) const {
    const auto found = takers_.find(value);
    if (found == takers_.end() || found->second.size() != 1 || found->second[0] == kOutside)
      return std::nullopt;
    const std::size_t node = found->second[0];
    return graph_.nodes[node].op == op ? std::optional(node) : std::nullopt;
  }
  /// Whether one of the node's two inputs is that number; `other` becomes its other input.
  bool with_number(std::size_t node, double number, std::string& other) const {
    const auto& inputs = graph_.nodes[node].inputs;
    if (inputs.size() != 2) return false;
    for (const std::size_t which : {0U, 1U}) {
      const auto found = graph_.tensors.find(inputs[which]);
      if (found == graph_.tensors.end() || found->second.values.size() != 1) continue;
      if (std::abs(found->second.values[0] - number) > 1e-5) continue;
      other = inputs[1 - which];
      return true;
    }
    return false;
  }

 private:
  const ForeignGraph& graph_;
  std::map<std::string, std::size_t> maker_;
  std::map<std::string, std::vector<std::size_t>> takers_;
};

struct Gelu {
  std::string input;
  std::size_t last = 0;
  std::vector<std::size_t> replaced;
};

/// The pattern around the Erf node, if it is one: x / sqrt 2 -> Erf -> + 1 -> times x -> times 0.5.
std::optional<Gelu> gelu_around(const ForeignGraph& graph, const Wiring& wiring, std::size_t erf) {
  Gelu gelu;
  const std::optional<std::size_t> scale = wiring.maker(graph.nodes[erf].inputs.at(0));
  if (!scale) return std::nullopt;
  const bool divides = graph.nodes[*scale].op == "Div";
  const double factor = divides ? std::numbers::sqrt2 : 1.0 / std::numbers::sqrt2;
  if ((!divides && graph.nodes[*scale].op != "Mul") ||
      !wiring.with_number(*scale, factor, gelu.input))
    return std::nullopt;
  const auto add = wiring.only_taker(graph.nodes[erf].outputs.at(0), "Add");
  std::string inner;
  if (!add || !wiring.with_number(*add, 1.0, inner)) return std::nullopt;
  const auto product = wiring.only_taker(graph.nodes[*add].outputs.at(0), "Mul");
  if (!product) return std::nullopt;
  const auto& factors = graph.nodes[*product].inputs;
  if (factors.size() != 2 || (factors[0] != gelu.input && factors[1] != gelu.input))
    return std::nullopt;
  const auto half = wiring.only_taker(graph.nodes[*product].outputs.at(0), "Mul");
  if (!half || !wiring.with_number(*half, 0.5, inner)) return std::nullopt;
  gelu.last = *half;
  gelu.replaced = {erf, *add, *product};
  if (wiring.only_taker(graph.nodes[*scale].outputs.at(0), "Erf")) gelu.replaced.push_back(*scale);
  return gelu;
}

}  // namespace

ForeignGraph with_gelu(ForeignGraph graph) {
  const ForeignGraph before = graph;
  const Wiring wiring(before);
  std::vector<bool> gone(graph.nodes.size(), false);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (before.nodes[i].op != "Erf" || before.nodes[i].inputs.empty() ||
        before.nodes[i].outputs.empty())
      continue;
    const std::optional<Gelu> gelu = gelu_around(before, wiring, i);
    if (!gelu) continue;
    for (const std::size_t node : gelu->replaced) gone[node] = true;
    graph.nodes[gelu->last].op = "Gelu";
    graph.nodes[gelu->last].inputs = {gelu->input};
  }
  std::vector<ForeignNode> kept;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    if (!gone[i]) kept.push_back(std::move(graph.nodes[i]));
  graph.nodes = std::move(kept);
  return graph;
}

}  // namespace polis
