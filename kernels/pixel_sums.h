#pragma once

#include <array>
#include <cstddef>

#include "kernels/simd.h"

namespace polis {

/// Sums of weight * a * b over pixels, for all pairs of N columns.
template <std::size_t N>
struct PixelProducts {
  std::array<std::array<double, N>, N> sums{};
  double at(std::ptrdiff_t a, std::ptrdiff_t b) const {
    return sums[static_cast<std::size_t>(a)][static_cast<std::size_t>(b)];
  }
};

/// The normal equations of a least-squares fit: columns of `count` floats, a multiple of 8. Three
/// columns times three at a time, which fits the registers. Partial sums are kept in float over
/// 4096 pixels at most.
template <std::size_t N>
PixelProducts<N> weighted_products(const std::array<const float*, N>& columns, const float* weight,
                                   std::size_t count) {
  using namespace simd;
  PixelProducts<N> out;
  constexpr std::size_t edge = 3;
  for (std::size_t block = 0; block < count; block += 4096) {
    const std::size_t end = block + 4096 < count ? block + 4096 : count;
    for (std::size_t a0 = 0; a0 < N; a0 += edge)
      for (std::size_t b0 = 0; b0 <= a0; b0 += edge) {
        Float8 part[edge][edge]{};
        for (std::size_t p = block; p < end; p += lanes) {
          const Float8 w = load(weight + p);
          Float8 left[edge], right[edge];
          for (std::size_t k = 0; k < edge; ++k) {
            left[k] = a0 + k < N ? w * load(columns[a0 + k] + p) : Float8{};
            right[k] = b0 + k < N ? load(columns[b0 + k] + p) : Float8{};
          }
          for (std::size_t a = 0; a < edge; ++a)
            for (std::size_t b = 0; b < edge; ++b) part[a][b] += left[a] * right[b];
        }
        for (std::size_t a = 0; a < edge && a0 + a < N; ++a)
          for (std::size_t b = 0; b < edge && b0 + b < N; ++b)
            if (b0 + b <= a0 + a) out.sums[a0 + a][b0 + b] += sum(part[a][b]);
      }
  }
  for (std::size_t a = 0; a < N; ++a)
    for (std::size_t b = a + 1; b < N; ++b) out.sums[a][b] = out.sums[b][a];
  return out;
}

}  // namespace polis
