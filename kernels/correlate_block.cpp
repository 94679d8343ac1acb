#include "kernels/correlate_block.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

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
void add_row(const float* from, const float* taps, std::ptrdiff_t side,
             const BlockTaps::Extent& extent, Sums& left, Sums& right) {
  for (std::ptrdiff_t i = extent.first; i < extent.last; ++i) {
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
void correlate_patch(const float* in, std::ptrdiff_t stride, const BlockTaps& kernel, float* out,
                     std::ptrdiff_t out_stride) {
  Sums left{};
  Sums right{};
  const std::ptrdiff_t side = 2 * kernel.radius() + 1;
  const float* taps = kernel.data();
  const BlockTaps::Extent* extent = kernel.extents();
  if (side < 3) {
    for (std::ptrdiff_t j = 0; j < 4; ++j) {
      left[static_cast<std::size_t>(j)] = taps[0] * load(in + j * stride);
      right[static_cast<std::size_t>(j)] = taps[0] * load(in + j * stride + lanes);
    }
  } else {
    add_row<0, 0>(in, taps, side, extent[0], left, right);
    add_row<0, 1>(in + stride, taps + side, side, extent[1], left, right);
    add_row<0, 2>(in + 2 * stride, taps + 2 * side, side, extent[2], left, right);
    for (std::ptrdiff_t j = 3; j < side; ++j) {
      add_row<0, 3>(in + j * stride, taps + j * side, side, extent[j], left, right);
    }
    const float* below = in + side * stride;
    taps += side * side;
    add_row<1, 3>(below, taps, side, extent[side], left, right);
    add_row<2, 3>(below + stride, taps + side, side, extent[side + 1], left, right);
    add_row<3, 3>(below + 2 * stride, taps + 2 * side, side, extent[side + 2], left, right);
  }
  for (std::ptrdiff_t a = 0; a < 4; ++a) {
    store(out + a * out_stride, left[static_cast<std::size_t>(a)]);
    store(out + a * out_stride + lanes, right[static_cast<std::size_t>(a)]);
  }
}

}  // namespace

double disc_within(View<const float> kernel, double fraction) {
  const std::ptrdiff_t radius = kernel.width / 2;
  // By whole pixels of distance; the corners lie beyond `radius`.
  std::vector<double> ring(static_cast<std::size_t>(2 * radius + 2), 0.0);
  double total = 0.0;
  for (std::ptrdiff_t j = -radius; j <= radius; ++j) {
    for (std::ptrdiff_t i = -radius; i <= radius; ++i) {
      const double r = std::sqrt(static_cast<double>(i * i + j * j));
      const double value = std::abs(static_cast<double>(kernel(i + radius, j + radius)));
      ring[static_cast<std::size_t>(r + 0.5)] += value;
      total += value;
    }
  }
  auto reach = static_cast<std::ptrdiff_t>(ring.size()) - 1;
  for (double dropped = 0.0; reach > 1; --reach) {
    dropped += ring[static_cast<std::size_t>(reach)];
    if (dropped > fraction * total) break;
  }
  return static_cast<double>(reach) + 0.5;
}

void BlockTaps::set(View<const float> kernel, double disc_px) {
  radius_ = kernel.width / 2;
  const std::ptrdiff_t side = 2 * radius_ + 1;
  taps_.assign(static_cast<std::size_t>(side * side), 0.0F);
  std::vector<Extent> rows(static_cast<std::size_t>(side), Extent{side, 0});
  float whole = 0.0F;
  float kept = 0.0F;
  for (std::ptrdiff_t j = 0; j < side; ++j) {
    const float* from = kernel.row(j);
    for (std::ptrdiff_t i = 0; i < side; ++i) whole += from[i];
    const double left = disc_px * disc_px - static_cast<double>((j - radius_) * (j - radius_));
    if (left < 0.0) continue;
    const auto half =
        static_cast<std::ptrdiff_t>(std::min(static_cast<double>(radius_), std::sqrt(left)));
    rows[static_cast<std::size_t>(j)] = {radius_ - half, radius_ + half + 1};
    float* to = taps_.data() + j * side;
    for (std::ptrdiff_t i = radius_ - half; i <= radius_ + half; ++i) {
      to[i] = from[i];
      kept += from[i];
    }
  }
  if (std::abs(kept) > 0.5F * std::abs(whole)) {
    const float factor = whole / kept;
    for (float& tap : taps_) tap *= factor;
  }
  extents_.assign(static_cast<std::size_t>(side + rows_at_once - 1), Extent{side, 0});
  for (std::ptrdiff_t j = 0; j < side; ++j) {
    const Extent& row = rows[static_cast<std::size_t>(j)];
    for (std::ptrdiff_t a = 0; a < rows_at_once; ++a) {
      Extent& all = extents_[static_cast<std::size_t>(j + a)];
      all = {std::min(all.first, row.first), std::max(all.last, row.last)};
    }
  }
}

float BlockTaps::sum() const {
  float total = 0.0F;
  for (const float tap : taps_) total += tap;
  return total;
}

void correlate_block(View<const float> in, const BlockTaps& kernel, View<float> out) {
  assert(out.width % block_columns == 0 && out.height % block_rows == 0);
  for (std::ptrdiff_t y = 0; y < out.height; y += block_rows) {
    for (std::ptrdiff_t x = 0; x < out.width; x += block_columns) {
      correlate_patch(in.row(y) + x, in.stride, kernel, out.row(y) + x, out.stride);
    }
  }
}

}  // namespace polis
