#pragma once

#include <functional>
#include <map>

#include "models/plan.h"

namespace polis::onednn {

/// Puts a plan together, layer by layer.
class PlanBuilder {
 public:
  PlanBuilder(const dnnl::engine& engine, const Network& network, std::int64_t stamps,
              const PlanOptions& options);
  Plan build();

 private:
  using Arguments = std::vector<std::pair<int, std::size_t>>;
  /// What the library does to a result before it leaves the registers.
  struct Fusion {
    dnnl::primitive_attr attributes;
    Arguments operands;
    std::size_t last = 0;  ///< the layer whose result comes out
    bool adds = false;
  };

  // plan_memory.cpp: values and steps
  std::size_t new_slot(const Desc& desc);
  std::size_t view(std::size_t slot, const Desc& desc, std::size_t shift_bytes = 0);
  std::size_t constant(const std::vector<float>& values, const Desc& as, const Desc& wanted);
  std::size_t converted(std::size_t slot, const Desc& wanted);
  std::size_t plain_of(std::size_t slot);
  void step(const Primitive& primitive, Arguments arguments, const std::string& what);
  void place_in_arena();

  // plan.cpp
  std::size_t input_of(const Layer& layer, std::size_t which = 0);
  Dims with_batch(const Shape& shape) const;
  Desc desc_of(std::size_t slot) const { return plan_.slots[slot].desc; }
  Fusion fusion_after(std::size_t layer, bool may_add);
  dnnl::primitive_attr plain_attributes() const;
  void build_layer(std::size_t layer);

  // plan_layers.cpp, plan_products.cpp, plan_recurrent.cpp: each returns the slot of the result
  std::size_t convolution(std::size_t layer);
  std::size_t linear(std::size_t layer);
  std::size_t weighted(
      std::size_t layer, std::size_t source, const Dims& weights, const Desc& as,
      const Dims& result, bool may_add,
      const std::function<Primitive(const Desc& source, const Desc& weights, const Desc& bias,
                                    const Desc& result, const dnnl::primitive_attr&)>& make);
  std::size_t pool(const Layer& layer, const Shape& in, const Shape& out);
  std::size_t batch_norm(const Layer& layer, const Shape& in);
  std::size_t layer_norm(const Layer& layer);
  std::size_t activation(const Layer& layer);
  std::size_t softmax(const Layer& layer);
  std::size_t combine(const Layer& layer, const Shape& out);
  std::size_t concat(const Layer& layer);
  std::size_t resize(const Layer& layer, const Shape& out);
  std::size_t reshape(std::size_t layer, const Shape& out);
  std::size_t permute(const Layer& layer, const Shape& out);
  std::size_t recurrent(const Layer& layer, const Shape& in);

  const dnnl::engine& engine_;
  const Network& network_;
  PlanOptions options_;
  std::vector<Shape> shapes_;
  std::vector<std::vector<std::size_t>> consumers_;  ///< layers that take a layer's result
  std::map<std::size_t, std::size_t> values_;        ///< layer -> slot of its result
  Plan plan_;
};

/// The library's name of an activation and its parameter.
std::pair<dnnl::algorithm, float> activation_of(const Layer& layer);

}  // namespace polis::onednn
