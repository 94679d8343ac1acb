#include "kernels/correlate_block.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "kernels/simd.h"

namespace polis {
namespace {

using simd::Float8;
using simd::lanes;
using simd::load;
using simd::splat;
using simd::store;

/// Four output rows of sixteen columns: each input vector is loaded once for the four.
void correlate_patch(const float* in, std::ptrdiff_t stride, const float* taps, std::ptrdiff_t side,
                     float* out, std::ptrdiff_t out_stride) {
  std::array<Float8, 4> left{};
  std::array<Float8, 4> right{};
  const std::ptrdiff_t rows = side + BlockTaps::rows_at_once - 1;
  for (std::ptrdiff_t j = 0; j < rows; ++j) {
    const float* from = in + j * stride;
    // Output row a takes kernel row j - a, which lies 3 zero rows further down.
    const float* tap = taps + (j + BlockTaps::rows_at_once - 1) * side;
    for (std::ptrdiff_t i = 0; i < side; ++i) {
      const Float8 value_left = load(from + i);
      const Float8 value_right = load(from + i + lanes);
      for (std::ptrdiff_t a = 0; a < 4; ++a) {
        const Float8 weight = splat(tap[i - a * side]);
        left[static_cast<std::size_t>(a)] += weight * value_left;
        right[static_cast<std::size_t>(a)] += weight * value_right;
      }
    }
  }
  for (std::ptrdiff_t a = 0; a < 4; ++a) {
    store(out + a * out_stride, left[static_cast<std::size_t>(a)]);
    store(out + a * out_stride + lanes, right[static_cast<std::size_t>(a)]);
  }
}

}  // namespace

void BlockTaps::set(View<const float> kernel, std::ptrdiff_t radius) {
  radius_ = std::min(radius, kernel.width / 2);
  const std::ptrdiff_t side = 2 * radius_ + 1;
  const std::ptrdiff_t skip = kernel.width / 2 - radius_;
  taps_.assign(static_cast<std::size_t>((side + 2 * (rows_at_once - 1)) * side), 0.0F);
  for (std::ptrdiff_t j = 0; j < side; ++j) {
    const float* from = kernel.row(j + skip) + skip;
    std::copy(from, from + side, taps_.data() + (j + rows_at_once - 1) * side);
  }
}

void correlate_block(View<const float> in, const BlockTaps& kernel, View<float> out) {
  assert(out.width % block_columns == 0 && out.height % block_rows == 0);
  const std::ptrdiff_t side = 2 * kernel.radius() + 1;
  for (std::ptrdiff_t y = 0; y < out.height; y += block_rows) {
    for (std::ptrdiff_t x = 0; x < out.width; x += block_columns) {
      correlate_patch(in.row(y) + x, in.stride, kernel.data(), side, out.row(y) + x, out.stride);
    }
  }
}

}  // namespace polis
