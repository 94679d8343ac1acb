#include "kernels/correlate_rows.h"

#include <array>

#include "kernels/simd.h"

namespace polis {

using simd::Float8;
using simd::lanes;
using simd::load;
using simd::splat;
using simd::store;

void correlate_row(const float* row, const std::vector<float>& taps, std::ptrdiff_t first,
                   std::ptrdiff_t last, float* out) {
  for (std::ptrdiff_t x = first; x < last; x += columns_at_once) {
    Float8 sum_0{};
    Float8 sum_1{};
    Float8 sum_2{};
    Float8 sum_3{};
    const float* from = row + x;
    for (const float tap : taps) {
      const Float8 weight = splat(tap);
      sum_0 += weight * load(from);
      sum_1 += weight * load(from + lanes);
      sum_2 += weight * load(from + 2 * lanes);
      sum_3 += weight * load(from + 3 * lanes);
      ++from;
    }
    store(out + x, sum_0);
    store(out + x + lanes, sum_1);
    store(out + x + 2 * lanes, sum_2);
    store(out + x + 3 * lanes, sum_3);
  }
}

namespace {

/// One step of 16 columns for four rows: each row of the ring is read once for the four.
void column_step(const std::vector<const float*>& rows, const float* taps, std::ptrdiff_t x,
                 float* out, std::size_t width, bool add) {
  std::array<Float8, 4> left{};
  std::array<Float8, 4> right{};
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const Float8 value_left = load(rows[k] + x);
    const Float8 value_right = load(rows[k] + x + lanes);
    const float* tap = taps + k + rows_at_once - 1;
    for (std::size_t j = 0; j < 4; ++j) {
      const Float8 weight = splat(*(tap - j));
      left[j] += weight * value_left;
      right[j] += weight * value_right;
    }
  }
  for (std::size_t j = 0; j < 4; ++j) {
    float* to = out + j * width + x;
    store(to, add ? load(to) + left[j] : left[j]);
    store(to + lanes, add ? load(to + lanes) + right[j] : right[j]);
  }
}

}  // namespace

void correlate_columns(RowRing& ring, std::ptrdiff_t y, const SeparableKernel& kernel,
                       std::ptrdiff_t first, std::ptrdiff_t last, float* out) {
  const std::ptrdiff_t rows = 2 * kernel.radius_y + rows_at_once;
  std::vector<const float*> from(static_cast<std::size_t>(rows));
  std::vector<float> taps;
  for (std::size_t term = 0; term < kernel.rank(); ++term) {
    for (std::ptrdiff_t k = 0; k < rows; ++k) {
      from[static_cast<std::size_t>(k)] = ring.row(y - kernel.radius_y + k, term);
    }
    // Output row j takes tap k - j of ring row k: zeros on both sides make that valid for all four.
    taps.assign(static_cast<std::size_t>(rows_at_once - 1), 0.0F);
    taps.insert(taps.end(), kernel.columns[term].begin(), kernel.columns[term].end());
    taps.resize(taps.size() + static_cast<std::size_t>(rows_at_once - 1), 0.0F);
    for (std::ptrdiff_t x = first; x < last; x += 2 * static_cast<std::ptrdiff_t>(lanes)) {
      column_step(from, taps.data(), x, out, ring.width(), term > 0);
    }
  }
}

}  // namespace polis
