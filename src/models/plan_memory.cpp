#include <algorithm>

#include "models/plan_builder.h"

namespace polis::onednn {
namespace {

constexpr std::size_t kAlignment = 64;  // [bytes]

std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

std::size_t PlanBuilder::new_slot(const Desc& desc) {
  Slot slot;
  slot.desc = desc;
  slot.home = plan_.slots.size();
  slot.first = slot.last = plan_.steps.size();
  plan_.slots.push_back(std::move(slot));
  return plan_.slots.size() - 1;
}

/// The same memory, seen in another way.
std::size_t PlanBuilder::view(std::size_t slot, const Desc& desc, std::size_t shift_bytes) {
  const std::size_t seen = new_slot(desc);
  const Slot& from = plan_.slots[slot];
  plan_.slots[seen].home = from.home;
  plan_.slots[seen].offset = shift_bytes + (from.home == slot ? 0 : from.offset);
  return seen;
}

/// Weights, put once into the layout that the library wants.
std::size_t PlanBuilder::constant(const std::vector<float>& values, const Desc& as,
                                  const Desc& wanted) {
  // The library only reads; its interface lacks a const.
  dnnl::memory given(as, engine_, const_cast<float*>(values.data()));
  dnnl::memory put(wanted, engine_);
  dnnl::stream stream(engine_);
  dnnl::reorder(given, put).execute(stream, given, put);
  stream.wait();
  const std::size_t slot = new_slot(wanted);
  plan_.slots[slot].constant = std::move(put);
  return slot;
}

std::size_t PlanBuilder::converted(std::size_t slot, const Desc& wanted) {
  if (desc_of(slot) == wanted) return slot;
  const std::size_t result = new_slot(wanted);
  step(reorder(engine_, desc_of(slot), wanted, plain_attributes()),
       {{DNNL_ARG_FROM, slot}, {DNNL_ARG_TO, result}}, "reorder");
  return result;
}

std::size_t PlanBuilder::plain_of(std::size_t slot) {
  return converted(slot, plain(dims_of(desc_of(slot)), options_.type));
}

void PlanBuilder::step(const Primitive& primitive, Arguments arguments, const std::string& what) {
  if (primitive.scratchpad.get_size() > 0)
    arguments.emplace_back(DNNL_ARG_SCRATCHPAD, new_slot(primitive.scratchpad));
  for (const auto& [role, slot] : arguments) {
    Slot& home = plan_.slots[plan_.slots[slot].home];
    home.last = plan_.steps.size();
  }
  plan_.steps.push_back(
      {primitive.run, std::move(arguments),
       what + (primitive.implementation.empty() ? "" : " ") + primitive.implementation});
}

/// Values that are needed at the same time lie apart; the memory of the others is used again, so
/// that what is in work stays in the cache.
void PlanBuilder::place_in_arena() {
  std::vector<std::size_t> placed;
  for (std::size_t s = 0; s < plan_.slots.size(); ++s) {
    Slot& slot = plan_.slots[s];
    if (slot.home != s || slot.constant) continue;
    const std::size_t size = aligned(slot.desc.get_size());
    std::vector<std::pair<std::size_t, std::size_t>> taken;
    for (const std::size_t p : placed) {
      const Slot& other = plan_.slots[p];
      if (other.first <= slot.last && slot.first <= other.last)
        taken.emplace_back(other.offset, other.offset + aligned(other.desc.get_size()));
    }
    std::sort(taken.begin(), taken.end());
    slot.offset = 0;
    for (const auto& [begin, end] : taken) {
      if (slot.offset + size <= begin) break;
      slot.offset = std::max(slot.offset, end);
    }
    plan_.arena_bytes = std::max(plan_.arena_bytes, slot.offset + size);
    placed.push_back(s);
  }
}

}  // namespace polis::onednn
