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

using Sums = std::array<Float8, 4>;

/// Adds one input row to the output rows first..last of four, which take kernel rows j - first ...
/// j - last, `side` apart.
template <std::ptrdiff_t first, std::ptrdiff_t last>
void add_row(const float* from, const float* taps, std::ptrdiff_t side, Sums& left, Sums& right) {
  for (std::ptrdiff_t i = 0; i < side; ++i) {
    const Float8 value_left = load(from + i);
    const Float8 value_right = load(from + i + lanes);
    for (std::ptrdiff_t a = first; a <= last; ++a) {
      const Float8 weight = splat(taps[i - a * side]);
      left[static_cast<std::size_t>(a)] += weight * value_left;
      right[static_cast<std::size_t>(a)] += weight * value_right;
    }
  }
}

/// Four output rows of sixteen columns: each input vector is loaded once for all that need it.
void correlate_patch(const float* in, std::ptrdiff_t stride, const float* taps, std::ptrdiff_t side,
                     float* out, std::ptrdiff_t out_stride) {
  Sums left{};
  Sums right{};
  if (side < 3) {
    for (std::ptrdiff_t j = 0; j < 4; ++j) {
      left[static_cast<std::size_t>(j)] = taps[0] * load(in + j * stride);
      right[static_cast<std::size_t>(j)] = taps[0] * load(in + j * stride + lanes);
    }
  } else {
    add_row<0, 0>(in, taps, side, left, right);
    add_row<0, 1>(in + stride, taps + side, side, left, right);
    add_row<0, 2>(in + 2 * stride, taps + 2 * side, side, left, right);
    for (std::ptrdiff_t j = 3; j < side; ++j) {
      add_row<0, 3>(in + j * stride, taps + j * side, side, left, right);
    }
    add_row<1, 3>(in + side * stride, taps + side * side, side, left, right);
    add_row<2, 3>(in + (side + 1) * stride, taps + (side + 1) * side, side, left, right);
    add_row<3, 3>(in + (side + 2) * stride, taps + (side + 2) * side, side, left, right);
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
  taps_.resize(static_cast<std::size_t>(side * side));
  for (std::ptrdiff_t j = 0; j < side; ++j) {
    const float* from = kernel.row(j + skip) + skip;
    std::copy(from, from + side, taps_.data() + j * side);
  }
}

float BlockTaps::sum() const {
  float total = 0.0F;
  for (const float tap : taps_) total += tap;
  return total;
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
