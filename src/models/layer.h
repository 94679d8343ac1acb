#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "formats/tensor.h"

namespace polis {

/// What a layer does. Shapes leave out the batch; channels come first: image [C, H, W], series
/// [C, L], vector [C]. One row per kind in src/models/layer.cpp; docs/formats/model.md has the
/// formulae.
enum class LayerKind {
  input,
  convolution,             ///< weight [O, C/groups, k...], bias [O]
  transposed_convolution,  ///< weight [C, O/groups, k...], bias [O]
  linear,                  ///< on the last axis: weight [O, C], bias [O]
  max_pool,
  average_pool,
  global_max_pool,      ///< [C, ...] -> [C]
  global_average_pool,  ///< [C, ...] -> [C]
  batch_norm,           ///< per channel: scale, shift, mean, variance [C]
  layer_norm,           ///< over the last axis: scale, shift [last]
  relu,
  leaky_relu,  ///< slope `alpha` below 0
  gelu,        ///< x Phi(x), Phi from erf
  gelu_tanh,   ///< its approximation by tanh
  swish,       ///< x sigmoid(x)
  sigmoid,
  tanh,
  softmax,  ///< along `axis`
  add,      ///< of two; extents of 1 are repeated
  multiply,
  concat,          ///< of two or more, along `axis`
  resize_nearest,  ///< to the extents of `target`; centres of pixels map linearly
  resize_linear,
  flatten,  ///< to a vector, last axis fastest
  reshape,  ///< to `target`
  permute,  ///< axis a of the result is axis target[a] of the input
  lstm,     ///< [T, C] -> [T, U], or [U] if `last_only`; gates i, f, c, o
  gru       ///< gates z, r, h; `linear_before_reset` as in Keras' reset_after
};

std::string_view name_of(LayerKind kind);
/// Errors: bad_input (no such kind).
LayerKind layer_kind_from(std::string_view name);
/// Whether the layer maps each number alone (relu ... tanh).
bool is_activation(LayerKind kind);

/// How a kernel moves over the spatial axes; one entry per spatial axis.
struct Window {
  Shape size, stride, dilation;  ///< stride and dilation 1: none
  Shape pad_before, pad_after;   ///< of the input; for transposed convolution cut off the output
};

struct Layer {
  LayerKind kind = LayerKind::input;
  std::string name;
  std::vector<std::size_t> inputs;  ///< positions of earlier layers
  Window window;
  std::int64_t groups = 1;
  std::int64_t axis = 0;
  Shape target;
  double alpha = 0.0;
  double epsilon = 0.0;              ///< of the norms
  bool count_padding = false;        ///< average pool: padding counts as zeros
  bool backwards = false;            ///< lstm, gru: from the last step to the first
  bool last_only = false;            ///< lstm, gru: only the state after the last step taken
  bool linear_before_reset = false;  ///< gru
  std::map<std::string, Tensor> weights;

  const Tensor* weight(const std::string& role) const {
    const auto found = weights.find(role);
    return found == weights.end() ? nullptr : &found->second;
  }
};

}  // namespace polis
