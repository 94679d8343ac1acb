#include <algorithm>
#include <set>

#include "models/onnx_importer.h"

namespace polis {
namespace {

bool all_zero(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return v == 0.0F; });
}

/// Whether the node makes nothing but zeros, of whatever shape.
bool makes_zeros(const ForeignGraph& graph, const ForeignNode& node) {
  if (node.op == "ConstantOfShape") return node.real("value", 0.0) == 0.0;
  if (node.op != "Expand" || node.inputs.empty()) return false;
  const auto found = graph.tensors.find(node.inputs[0]);
  return found != graph.tensors.end() && all_zero(found->second.values);
}

void keep_needed_nodes(ForeignGraph& graph) {
  std::set<std::string> needed;
  for (const ForeignValue& output : graph.outputs) needed.insert(output.name);
  std::vector<ForeignNode> kept;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    ForeignNode& node = graph.nodes[i];
    const bool used = std::any_of(node.outputs.begin(), node.outputs.end(),
                                  [&](const std::string& name) { return needed.count(name) > 0; });
    if (!used) continue;
    needed.insert(node.inputs.begin(), node.inputs.end());
    kept.push_back(std::move(node));
  }
  std::reverse(kept.begin(), kept.end());
  graph.nodes = std::move(kept);
}

}  // namespace

ForeignGraph without_zero_states(ForeignGraph graph) {
  std::set<std::string> zeros;
  for (const auto& [name, tensor] : graph.tensors)
    if (all_zero(tensor.values)) zeros.insert(name);
  for (ForeignNode& node : graph.nodes) {
    if (makes_zeros(graph, node)) zeros.insert(node.outputs.begin(), node.outputs.end());
    if (node.op != "LSTM" && node.op != "GRU") continue;
    for (std::size_t i = 5; i < std::min<std::size_t>(node.inputs.size(), 7); ++i)
      if (zeros.count(node.inputs[i]) > 0) node.inputs[i].clear();
  }
  keep_needed_nodes(graph);
  return graph;
}

}  // namespace polis
