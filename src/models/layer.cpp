#include "models/layer.h"

#include <array>
#include <utility>

#include "base/error.h"

namespace polis {
namespace {

constexpr std::array<std::pair<LayerKind, std::string_view>, 28> kNames{{
    {LayerKind::input, "input"},
    {LayerKind::convolution, "convolution"},
    {LayerKind::transposed_convolution, "transposed_convolution"},
    {LayerKind::linear, "linear"},
    {LayerKind::max_pool, "max_pool"},
    {LayerKind::average_pool, "average_pool"},
    {LayerKind::global_max_pool, "global_max_pool"},
    {LayerKind::global_average_pool, "global_average_pool"},
    {LayerKind::batch_norm, "batch_norm"},
    {LayerKind::layer_norm, "layer_norm"},
    {LayerKind::relu, "relu"},
    {LayerKind::leaky_relu, "leaky_relu"},
    {LayerKind::gelu, "gelu"},
    {LayerKind::gelu_tanh, "gelu_tanh"},
    {LayerKind::swish, "swish"},
    {LayerKind::sigmoid, "sigmoid"},
    {LayerKind::tanh, "tanh"},
    {LayerKind::softmax, "softmax"},
    {LayerKind::add, "add"},
    {LayerKind::multiply, "multiply"},
    {LayerKind::concat, "concat"},
    {LayerKind::resize_nearest, "resize_nearest"},
    {LayerKind::resize_linear, "resize_linear"},
    {LayerKind::flatten, "flatten"},
    {LayerKind::reshape, "reshape"},
    {LayerKind::permute, "permute"},
    {LayerKind::lstm, "lstm"},
    {LayerKind::gru, "gru"},
}};

}  // namespace

std::string_view name_of(LayerKind kind) {
  return kNames.at(static_cast<std::size_t>(kind)).second;
}

LayerKind layer_kind_from(std::string_view name) {
  for (const auto& [kind, text] : kNames)
    if (text == name) return kind;
  throw Error(ErrorKind::bad_input, "cannot read a network",
              "there is no layer of kind \"" + std::string(name.substr(0, 80)) + "\"");
}

bool is_activation(LayerKind kind) { return kind >= LayerKind::relu && kind <= LayerKind::tanh; }

}  // namespace polis
