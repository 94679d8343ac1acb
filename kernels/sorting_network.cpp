#include "kernels/sorting_network.h"

#include <bit>

namespace polis {

std::vector<std::pair<std::size_t, std::size_t>> sorting_network(std::size_t count) {
  std::vector<std::pair<std::size_t, std::size_t>> steps;
  if (count < 2) return steps;
  const std::size_t top = std::bit_ceil(count) / 2;
  for (std::size_t p = top; p > 0; p /= 2) {
    std::size_t q = top;
    std::size_t r = 0;
    std::size_t d = p;
    while (true) {
      for (std::size_t i = 0; i + d < count; ++i) {
        if ((i & p) == r) steps.emplace_back(i, i + d);
      }
      if (q == p) break;
      d = q - p;
      q /= 2;
      r = p;
    }
  }
  return steps;
}

}  // namespace polis
