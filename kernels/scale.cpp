#include "kernels/scale.h"

#include <cmath>

namespace polis {

void scale_image(View<float> pixels, View<float> variance, float factor) {
  const float square = factor * factor;
  for (std::ptrdiff_t y = 0; y < pixels.height; ++y) {
    float* values = pixels.row(y);
    float* noise = variance.row(y);
    for (std::ptrdiff_t x = 0; x < pixels.width; ++x) {
      values[x] *= factor;
      noise[x] *= square;
    }
  }
}

std::size_t fill_missing(View<float> pixels, View<float> variance, View<MaskPixel> mask,
                         float fill) {
  std::size_t count = 0;
  for (std::ptrdiff_t y = 0; y < pixels.height; ++y) {
    for (std::ptrdiff_t x = 0; x < pixels.width; ++x) {
      if (!std::isnan(pixels(x, y))) continue;
      pixels(x, y) = fill;
      variance(x, y) = 0.0F;
      mask(x, y) |= mask_bits::no_data;
      ++count;
    }
  }
  return count;
}

std::size_t count_masked(View<const MaskPixel> mask, MaskPixel bits) {
  std::size_t count = 0;
  for (std::ptrdiff_t y = 0; y < mask.height; ++y) {
    const MaskPixel* row = mask.row(y);
    for (std::ptrdiff_t x = 0; x < mask.width; ++x) count += (row[x] & bits) != 0 ? 1U : 0U;
  }
  return count;
}

}  // namespace polis
