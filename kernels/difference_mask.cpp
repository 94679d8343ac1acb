#include "kernels/difference_mask.h"

#include <algorithm>

namespace polis {
namespace {

/// Mask bits of one row, `no_data` where a value is no number or a variance is not positive. Gives
/// all bits that occur.
MaskPixel read_row(const DifferenceFrame& frame, std::ptrdiff_t x0, std::ptrdiff_t y,
                   std::ptrdiff_t width, MaskPixel* __restrict out) {
  const float* __restrict pixels = frame.pixels.row(y) + x0;
  const float* __restrict variance = frame.variance.row(y) + x0;
  MaskPixel any = 0;
  const auto fault = [&](std::ptrdiff_t x) {
    // inf - inf and NaN - NaN are not 0.
    const float sum = pixels[x] + variance[x];
    const int good = static_cast<int>(sum - sum == 0.0F) & static_cast<int>(variance[x] > 0.0F);
    return good != 0 ? MaskPixel{0} : mask_bits::no_data;
  };
  if (frame.mask.empty()) {
    for (std::ptrdiff_t x = 0; x < width; ++x) {
      out[x] = fault(x);
      any |= out[x];
    }
  } else {
    const MaskPixel* __restrict bits = frame.mask.row(y) + x0;
    for (std::ptrdiff_t x = 0; x < width; ++x) {
      const MaskPixel value = bits[x] | fault(x);
      out[x] = value;
      any |= value;
    }
  }
  return any;
}

/// out[x] = OR of in[x .. x + 2 reach]; `in` is destroyed. Doubles the length covered at each step.
void spread_row(MaskPixel* in, std::ptrdiff_t width, std::ptrdiff_t reach) {
  const std::ptrdiff_t length = 2 * reach + 1;
  std::ptrdiff_t covered = 1;
  std::ptrdiff_t valid = width + 2 * reach;
  while (covered < length) {
    const std::ptrdiff_t step = std::min(covered, length - covered);
    valid -= step;
    for (std::ptrdiff_t x = 0; x < valid; ++x) in[x] |= in[x + step];
    covered += step;
  }
}

/// The same down whole rows of `width` pixels; `rows` of them are left.
void spread_rows(MaskPixel* in, std::ptrdiff_t width, std::ptrdiff_t rows, std::ptrdiff_t reach) {
  const std::ptrdiff_t length = 2 * reach + 1;
  std::ptrdiff_t covered = 1;
  std::ptrdiff_t valid = rows + 2 * reach;
  while (covered < length) {
    const std::ptrdiff_t step = std::min(covered, length - covered);
    valid -= step;
    for (std::ptrdiff_t j = 0; j < valid * width; ++j) in[j] |= in[j + step * width];
    covered += step;
  }
}

/// ORs into `out` those bits of `from` (whose margin is `margin` pixels) that are in `which`,
/// spread by `reach`.
void add_spread(const std::vector<MaskPixel>& from, std::ptrdiff_t margin, MaskPixel which,
                std::ptrdiff_t reach, std::vector<MaskPixel>& work, View<MaskPixel> out) {
  const std::ptrdiff_t stride = out.width + 2 * margin;
  const std::ptrdiff_t width = out.width + 2 * reach;
  const std::ptrdiff_t rows = out.height + 2 * reach;
  work.resize(static_cast<std::size_t>(width * rows));
  const std::ptrdiff_t skip = margin - reach;
  for (std::ptrdiff_t j = 0; j < rows; ++j) {
    const MaskPixel* row = from.data() + (j + skip) * stride + skip;
    for (std::ptrdiff_t i = 0; i < width; ++i)
      work[static_cast<std::size_t>(j * width + i)] =
          (row[i] & which) != 0 ? row[i] & (which | mask_bits::edge) : 0U;
    spread_row(work.data() + j * width, out.width, reach);
  }
  spread_rows(work.data(), width, out.height, reach);
  for (std::ptrdiff_t y = 0; y < out.height; ++y) {
    const MaskPixel* grown = work.data() + y * width;
    for (std::ptrdiff_t x = 0; x < out.width; ++x) out.row(y)[x] |= grown[x];
  }
}

}  // namespace

void difference_mask(const DifferenceFrame& sharp, const DifferenceFrame& broad,
                     const KernelReach& reach, std::ptrdiff_t x0, std::ptrdiff_t y0,
                     MaskScratch& scratch, View<MaskPixel> out) {
  constexpr MaskPixel bright = mask_bits::saturated | mask_bits::bleed;
  const std::ptrdiff_t width = sharp.pixels.width;
  const std::ptrdiff_t height = sharp.pixels.height;
  const std::ptrdiff_t margin = std::max(reach.usual, reach.saturated);
  const std::ptrdiff_t stride = out.width + 2 * margin;
  const std::ptrdiff_t rows = out.height + 2 * margin;
  scratch.bits.resize(static_cast<std::size_t>(stride * rows));
  const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, x0 - margin);
  const std::ptrdiff_t last = std::min(width, x0 + out.width + margin);
  MaskPixel any = 0;
  for (std::ptrdiff_t j = 0; j < rows; ++j) {
    const std::ptrdiff_t y = y0 - margin + j;
    MaskPixel* row = scratch.bits.data() + j * stride;
    const bool inside = y >= 0 && y < height;
    const std::ptrdiff_t start = inside ? first - x0 + margin : stride;
    const std::ptrdiff_t end = inside ? last - x0 + margin : stride;
    std::fill(row, row + start, mask_bits::no_data | mask_bits::edge);
    std::fill(row + end, row + stride, mask_bits::no_data | mask_bits::edge);
    if (start > 0 || end < stride) any |= mask_bits::no_data;
    if (inside) any |= read_row(sharp, first, y, last - first, row + start);
  }
  for (std::ptrdiff_t y = 0; y < out.height; ++y) {
    read_row(broad, x0, y0 + y, out.width, out.row(y));
    const MaskPixel* own = scratch.bits.data() + (y + margin) * stride + margin;
    for (std::ptrdiff_t x = 0; x < out.width; ++x) out.row(y)[x] |= own[x];
  }
  if ((any & mask_bits::unusable & ~bright) != 0) {
    add_spread(scratch.bits, margin, mask_bits::unusable & ~bright, reach.usual, scratch.spread,
               out);
  }
  if ((any & bright) != 0) {
    add_spread(scratch.bits, margin, bright, reach.saturated, scratch.spread, out);
  }
}

}  // namespace polis
