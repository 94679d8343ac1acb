#pragma once

#include <utility>
#include <vector>

#include "models/network.h"
#include "models/onednn.h"

namespace polis::onednn {

/// Memory of one value of a plan. Constants (weights) are there once, for all threads; the others
/// are places in the arena that each thread has.
struct Slot {
  Desc desc;
  dnnl::memory constant;   ///< empty unless the value is one
  std::size_t home = 0;    ///< the slot whose memory this one looks at; itself if it has its own
  std::size_t offset = 0;  ///< in the arena; of a view: in its home [bytes]
  std::size_t first = 0, last = 0;  ///< steps from which and until which its memory is needed
};

struct Step {
  dnnl::primitive run;
  std::vector<std::pair<int, std::size_t>> arguments;  ///< DNNL_ARG_..., slot
  std::string what;                                    ///< "convolution conv1 brgconv:avx512_core"
};

/// All that is to be done with a fixed number of stamps, in order, on one thread.
struct Plan {
  std::int64_t stamps = 0;
  std::vector<Slot> slots;
  std::vector<Step> steps;
  std::size_t input = 0, output = 0;  ///< slots: [stamps, input...] and [stamps, outputs], f32
  std::size_t arena_bytes = 0;
};

struct PlanOptions {
  dnnl::memory::data_type type = dnnl::memory::data_type::f32;  ///< of values between layers
  bool winograd = false;
};

/// `network` is simplified and checked. Errors: dnnl::error where the library cannot do a layer.
Plan make_plan(const dnnl::engine& engine, const Network& network, std::int64_t stamps,
               const PlanOptions& options);

}  // namespace polis::onednn
