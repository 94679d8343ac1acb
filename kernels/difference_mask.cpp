#include "kernels/difference_mask.h"

#include <algorithm>

namespace polis {
namespace {

/// Mask bits of one row, `no_data` where a value is no number or a variance is not positive.
void read_row(const DifferenceFrame& frame, std::ptrdiff_t x0, std::ptrdiff_t y,
              std::ptrdiff_t width, MaskPixel* out) {
  const float* pixels = frame.pixels.row(y) + x0;
  const float* variance = frame.variance.row(y) + x0;
  if (frame.mask.empty()) {
    std::fill_n(out, width, MaskPixel{0});
  } else {
    std::copy_n(frame.mask.row(y) + x0, width, out);
  }
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    // inf - inf and NaN - NaN are not 0.
    const float sum = pixels[x] + variance[x];
    const bool good = sum - sum == 0.0F && variance[x] > 0.0F;
    out[x] |= good ? MaskPixel{0} : mask_bits::no_data;
  }
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

}  // namespace

void difference_mask(const DifferenceFrame& sharp, const DifferenceFrame& broad,
                     std::ptrdiff_t reach, std::ptrdiff_t x0, std::ptrdiff_t y0,
                     std::vector<MaskPixel>& scratch, View<MaskPixel> out) {
  const std::ptrdiff_t width = sharp.pixels.width;
  const std::ptrdiff_t height = sharp.pixels.height;
  const std::ptrdiff_t stride = out.width + 2 * reach;
  const std::ptrdiff_t rows = out.height + 2 * reach;
  scratch.assign(static_cast<std::size_t>(stride * rows), mask_bits::no_data | mask_bits::edge);
  const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, x0 - reach);
  const std::ptrdiff_t last = std::min(width, x0 + out.width + reach);
  MaskPixel any = 0;
  for (std::ptrdiff_t j = 0; j < rows; ++j) {
    const std::ptrdiff_t y = y0 - reach + j;
    if (y < 0 || y >= height) {
      any = mask_bits::no_data;
      continue;
    }
    MaskPixel* row = scratch.data() + j * stride;
    read_row(sharp, first, y, last - first, row + (first - x0 + reach));
    for (std::ptrdiff_t i = 0; i < stride; ++i) any |= row[i];
  }
  for (std::ptrdiff_t y = 0; y < out.height; ++y) {
    read_row(broad, x0, y0 + y, out.width, out.row(y));
    const MaskPixel* own = scratch.data() + (y + reach) * stride + reach;
    for (std::ptrdiff_t x = 0; x < out.width; ++x) out.row(y)[x] |= own[x];
  }
  if ((any & mask_bits::unusable) == 0) return;
  for (MaskPixel& value : scratch) {
    value &= (value & mask_bits::unusable) != 0 ? mask_bits::unusable | mask_bits::edge : 0U;
  }
  for (std::ptrdiff_t j = 0; j < rows; ++j) {
    spread_row(scratch.data() + j * stride, out.width, reach);
  }
  // Along y the rows of a column are `stride` apart: whole rows are spread at once.
  std::ptrdiff_t covered = 1;
  std::ptrdiff_t valid = rows;
  while (covered < 2 * reach + 1) {
    const std::ptrdiff_t step = std::min(covered, 2 * reach + 1 - covered);
    valid -= step;
    for (std::ptrdiff_t j = 0; j < valid; ++j) {
      MaskPixel* to = scratch.data() + j * stride;
      const MaskPixel* from = to + step * stride;
      for (std::ptrdiff_t x = 0; x < out.width; ++x) to[x] |= from[x];
    }
    covered += step;
  }
  for (std::ptrdiff_t y = 0; y < out.height; ++y) {
    const MaskPixel* grown = scratch.data() + y * stride;
    for (std::ptrdiff_t x = 0; x < out.width; ++x) out.row(y)[x] |= grown[x];
  }
}

}  // namespace polis
