#include "kernels/saddle_table.h"

#include <utility>

#include "kernels/basins.h"

namespace polis {
namespace {

std::size_t first_slot(const Saddle& saddle, std::size_t mask) {
  const std::uint64_t pair =
      (static_cast<std::uint64_t>(static_cast<std::uint32_t>(saddle.a)) << 32) |
      static_cast<std::uint32_t>(saddle.b);
  // Multiplicative hashing by 2^64 / golden ratio (Knuth, The Art of Computer Programming 3, 6.4).
  return static_cast<std::size_t>((pair * 0x9E3779B97F4A7C15ULL) >> 32) & mask;
}

}  // namespace

SaddleTable::SaddleTable() : slots_(256, -1) {}

void SaddleTable::add(const Saddle& saddle) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = first_slot(saddle, mask);
  while (slots_[slot] >= 0) {
    Saddle& kept = saddles_[static_cast<std::size_t>(slots_[slot])];
    if (kept.a == saddle.a && kept.b == saddle.b) {
      if (saddle.height > kept.height) kept = saddle;
      return;
    }
    slot = (slot + 1) & mask;
  }
  slots_[slot] = static_cast<std::int32_t>(saddles_.size());
  saddles_.push_back(saddle);
  if (2 * saddles_.size() > slots_.size()) grow();
}

void SaddleTable::grow() {
  slots_.assign(2 * slots_.size(), -1);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < saddles_.size(); ++i) {
    std::size_t slot = first_slot(saddles_[i], mask);
    while (slots_[slot] >= 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::int32_t>(i);
  }
}

std::vector<Saddle> SaddleTable::take() { return std::move(saddles_); }

}  // namespace polis
