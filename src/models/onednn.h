#pragma once

#include <dnnl.hpp>
#include <string>
#include <vector>

/// Primitives of oneDNN, made in one way for version 2.6 (Debian 12) and 3.x: what differs between
/// them sits in onednn.cpp alone. All are for inference. Layouts that are `any` are chosen by the
/// library; look at the members of Primitive for what it chose.
namespace polis::onednn {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;

/// A primitive that is ready to run, and the layouts it wants.
struct Primitive {
  dnnl::primitive run;
  Desc source, weights, destination, scratchpad;
  Desc hidden_weights, bias;   ///< of recurrent layers
  std::string implementation;  ///< "brgconv:avx512_core"
};

struct Steps {
  Dims stride, dilation, pad_before, pad_after;  ///< dilation 0: none (as the library counts)
};

/// Whether this processor multiplies bf16 itself.
bool has_bf16();
/// "oneDNN 2.6.3".
std::string version();

Dims dims_of(const Desc& desc);
/// Dense, the last axis running fastest.
Desc plain(const Dims& dims, dnnl::memory::data_type type);
Desc any(const Dims& dims, dnnl::memory::data_type type);

/// y -> activation(y) after the primitive; alpha as of the algorithm.
void append_activation(dnnl::post_ops& operations, dnnl::algorithm algorithm, float alpha);

Primitive convolution(const dnnl::engine& engine, dnnl::algorithm algorithm, const Desc& source,
                      const Desc& weights, const Desc& bias, const Desc& destination,
                      const Steps& steps, const dnnl::primitive_attr& attributes);
Primitive transposed_convolution(const dnnl::engine& engine, const Desc& source,
                                 const Desc& weights, const Desc& bias, const Desc& destination,
                                 const Steps& steps, const dnnl::primitive_attr& attributes);
Primitive linear(const dnnl::engine& engine, const Desc& source, const Desc& weights,
                 const Desc& bias, const Desc& destination, const dnnl::primitive_attr& attributes);
Primitive pool(const dnnl::engine& engine, dnnl::algorithm algorithm, const Desc& source,
               const Desc& destination, const Dims& size, const Steps& steps,
               const dnnl::primitive_attr& attributes);
Primitive activation(const dnnl::engine& engine, dnnl::algorithm algorithm, float alpha,
                     const Desc& data, const dnnl::primitive_attr& attributes);
Primitive binary(const dnnl::engine& engine, dnnl::algorithm algorithm, const Desc& first,
                 const Desc& second, const Desc& destination,
                 const dnnl::primitive_attr& attributes);
Primitive softmax(const dnnl::engine& engine, const Desc& data, int axis,
                  const dnnl::primitive_attr& attributes);
/// Over the last axis, with scale and shift (f32).
Primitive layer_norm(const dnnl::engine& engine, const Desc& data, float epsilon,
                     const dnnl::primitive_attr& attributes);
Primitive concat(const dnnl::engine& engine, const std::vector<Desc>& sources, int axis,
                 const dnnl::primitive_attr& attributes);
Primitive resize(const dnnl::engine& engine, dnnl::algorithm algorithm, const Desc& source,
                 const Desc& destination, const dnnl::primitive_attr& attributes);
Primitive reorder(const dnnl::engine& engine, const Desc& source, const Desc& destination,
                  const dnnl::primitive_attr& attributes);

enum class Cell { lstm, gru, linear_before_reset_gru };
/// source and destination [T, N, C]; the state begins at zero.
Primitive recurrent(const dnnl::engine& engine, Cell cell, bool backwards, const Desc& source,
                    const Desc& weights, const Desc& hidden_weights, const Desc& bias,
                    const Desc& destination, const dnnl::primitive_attr& attributes);

}  // namespace polis::onednn
