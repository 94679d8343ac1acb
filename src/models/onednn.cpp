#include "models/onednn.h"

namespace polis::onednn {
namespace {

#if DNNL_VERSION_MAJOR >= 3
constexpr auto kInference = dnnl::prop_kind::forward_inference;

/// Version 3: a primitive descriptor is made at once.
template <class Operation, class... Arguments>
typename Operation::primitive_desc describe(const dnnl::engine& engine,
                                            const dnnl::primitive_attr& attributes,
                                            const Arguments&... arguments) {
  return typename Operation::primitive_desc(engine, kInference, arguments..., attributes);
}
#else
constexpr auto kInference = dnnl::prop_kind::forward_inference;

/// Version 2: a primitive descriptor is made from an operation descriptor.
template <class Operation, class... Arguments>
typename Operation::primitive_desc describe(const dnnl::engine& engine,
                                            const dnnl::primitive_attr& attributes,
                                            const Arguments&... arguments) {
  const typename Operation::desc operation(kInference, arguments...);
  return typename Operation::primitive_desc(operation, attributes, engine);
}
#endif

template <class Operation>
Primitive finished(const typename Operation::primitive_desc& descriptor) {
  Primitive made;
  made.run = Operation(descriptor);
  made.source = descriptor.src_desc();
  made.destination = descriptor.dst_desc();
  made.scratchpad = descriptor.scratchpad_desc();
  made.implementation = descriptor.impl_info_str();
  return made;
}

template <class Operation>
Primitive with_weights(const typename Operation::primitive_desc& descriptor) {
  Primitive made = finished<Operation>(descriptor);
  made.weights = descriptor.weights_desc();
  return made;
}

template <class Operation>
Primitive with_cell(const typename Operation::primitive_desc& descriptor) {
  Primitive made;
  made.run = Operation(descriptor);
  made.source = descriptor.src_layer_desc();
  made.destination = descriptor.dst_layer_desc();
  made.weights = descriptor.weights_layer_desc();
  made.hidden_weights = descriptor.weights_iter_desc();
  made.bias = descriptor.bias_desc();
  made.scratchpad = descriptor.scratchpad_desc();
  made.implementation = descriptor.impl_info_str();
  return made;
}

}  // namespace

bool has_bf16() {
  const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto needed = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (isa & needed) == needed;
}

std::string version() {
  const dnnl_version_t* v = dnnl_version();
  return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." +
         std::to_string(v->patch);
}

Dims dims_of(const Desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return desc.get_dims();
#else
  return desc.dims();
#endif
}

Desc plain(const Dims& dims, dnnl::memory::data_type type) {
  Dims strides(dims.size(), 1);
  for (std::size_t a = dims.size() - 1; a-- > 0;) strides[a] = strides[a + 1] * dims[a + 1];
  return {dims, type, strides};
}

Desc any(const Dims& dims, dnnl::memory::data_type type) {
  return {dims, type, dnnl::memory::format_tag::any};
}

void append_activation(dnnl::post_ops& operations, dnnl::algorithm algorithm, float alpha) {
#if DNNL_VERSION_MAJOR >= 3
  operations.append_eltwise(algorithm, alpha, 0.0F);
#else
  operations.append_eltwise(1.0F, algorithm, alpha, 0.0F);
#endif
}

Primitive convolution(const dnnl::engine& engine, dnnl::algorithm algorithm, const Desc& source,
                      const Desc& weights, const Desc& bias, const Desc& destination,
                      const Steps& steps, const dnnl::primitive_attr& attributes) {
  return with_weights<dnnl::convolution_forward>(describe<dnnl::convolution_forward>(
      engine, attributes, algorithm, source, weights, bias, destination, steps.stride,
      steps.dilation, steps.pad_before, steps.pad_after));
}

Primitive transposed_convolution(const dnnl::engine& engine, const Desc& source,
                                 const Desc& weights, const Desc& bias, const Desc& destination,
                                 const Steps& steps, const dnnl::primitive_attr& attributes) {
  return with_weights<dnnl::deconvolution_forward>(describe<dnnl::deconvolution_forward>(
      engine, attributes, dnnl::algorithm::deconvolution_direct, source, weights, bias, destination,
      steps.stride, steps.dilation, steps.pad_before, steps.pad_after));
}

Primitive linear(const dnnl::engine& engine, const Desc& source, const Desc& weights,
                 const Desc& bias, const Desc& destination,
                 const dnnl::primitive_attr& attributes) {
  return with_weights<dnnl::inner_product_forward>(describe<dnnl::inner_product_forward>(
      engine, attributes, source, weights, bias, destination));
}

Primitive pool(const dnnl::engine& engine, dnnl::algorithm algorithm, const Desc& source,
               const Desc& destination, const Dims& size, const Steps& steps,
               const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return finished<dnnl::pooling_forward>(describe<dnnl::pooling_forward>(
      engine, attributes, algorithm, source, destination, steps.stride, size, steps.dilation,
      steps.pad_before, steps.pad_after));
#else
  return finished<dnnl::pooling_forward>(
      describe<dnnl::pooling_forward>(engine, attributes, algorithm, source, destination,
                                      steps.stride, size, steps.pad_before, steps.pad_after));
#endif
}

Primitive activation(const dnnl::engine& engine, dnnl::algorithm algorithm, float alpha,
                     const Desc& data, const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return finished<dnnl::eltwise_forward>(
      describe<dnnl::eltwise_forward>(engine, attributes, algorithm, data, data, alpha, 0.0F));
#else
  return finished<dnnl::eltwise_forward>(
      describe<dnnl::eltwise_forward>(engine, attributes, algorithm, data, alpha, 0.0F));
#endif
}

Primitive binary(const dnnl::engine& engine, dnnl::algorithm algorithm, const Desc& first,
                 const Desc& second, const Desc& destination,
                 const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return finished<dnnl::binary>(
      dnnl::binary::primitive_desc(engine, algorithm, first, second, destination, attributes));
#else
  const dnnl::binary::desc operation(algorithm, first, second, destination);
  return finished<dnnl::binary>(dnnl::binary::primitive_desc(operation, attributes, engine));
#endif
}

Primitive softmax(const dnnl::engine& engine, const Desc& data, int axis,
                  const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return finished<dnnl::softmax_forward>(describe<dnnl::softmax_forward>(
      engine, attributes, dnnl::algorithm::softmax_accurate, data, data, axis));
#else
  return finished<dnnl::softmax_forward>(
      describe<dnnl::softmax_forward>(engine, attributes, data, axis));
#endif
}

Primitive layer_norm(const dnnl::engine& engine, const Desc& data, float epsilon,
                     const dnnl::primitive_attr& attributes) {
  const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
#if DNNL_VERSION_MAJOR >= 3
  return finished<dnnl::layer_normalization_forward>(
      describe<dnnl::layer_normalization_forward>(engine, attributes, data, data, epsilon, flags));
#else
  return finished<dnnl::layer_normalization_forward>(
      describe<dnnl::layer_normalization_forward>(engine, attributes, data, epsilon, flags));
#endif
}

Primitive concat(const dnnl::engine& engine, const std::vector<Desc>& sources, int axis,
                 const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::concat::primitive_desc descriptor(engine, axis, sources, attributes);
#else
  const dnnl::concat::primitive_desc descriptor(axis, sources, engine, attributes);
#endif
  return finished<dnnl::concat>(descriptor);
}

Primitive resize(const dnnl::engine& engine, dnnl::algorithm algorithm, const Desc& source,
                 const Desc& destination, const dnnl::primitive_attr& attributes) {
  return finished<dnnl::resampling_forward>(
      describe<dnnl::resampling_forward>(engine, attributes, algorithm, source, destination));
}

Primitive reorder(const dnnl::engine& engine, const Desc& source, const Desc& destination,
                  const dnnl::primitive_attr& attributes) {
  return finished<dnnl::reorder>(
      dnnl::reorder::primitive_desc(engine, source, engine, destination, attributes));
}

Primitive recurrent(const dnnl::engine& engine, Cell cell, bool backwards, const Desc& source,
                    const Desc& weights, const Desc& hidden_weights, const Desc& bias,
                    const Desc& destination, const dnnl::primitive_attr& attributes) {
  const auto direction = backwards ? dnnl::rnn_direction::unidirectional_right2left
                                   : dnnl::rnn_direction::unidirectional_left2right;
  const Desc none;
  if (cell == Cell::lstm) {
    return with_cell<dnnl::lstm_forward>(
        describe<dnnl::lstm_forward>(engine, attributes, direction, source, none, none, weights,
                                     hidden_weights, bias, destination, none, none));
  }
  if (cell == Cell::gru) {
    return with_cell<dnnl::gru_forward>(
        describe<dnnl::gru_forward>(engine, attributes, direction, source, none, weights,
                                    hidden_weights, bias, destination, none));
  }
  return with_cell<dnnl::lbr_gru_forward>(
      describe<dnnl::lbr_gru_forward>(engine, attributes, direction, source, none, weights,
                                      hidden_weights, bias, destination, none));
}

}  // namespace polis::onednn
