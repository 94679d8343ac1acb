#include "kernels/laplacian.h"

#include <algorithm>
#include <cmath>

#include "kernels/median_filter.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kHalo = kLaplacianMargin + 4;
constexpr float kMinStructure = 0.01F;

/// Copies a rectangle that may reach over the border, where the nearest pixel stands.
void copy_clamped(View<const float> from, std::ptrdiff_t x0, std::ptrdiff_t y0, View<float> to) {
  const std::ptrdiff_t inside_first = std::clamp<std::ptrdiff_t>(-x0, 0, to.width);
  const std::ptrdiff_t inside_last =
      std::clamp<std::ptrdiff_t>(from.width - x0, inside_first, to.width);
  for (std::ptrdiff_t y = 0; y < to.height; ++y) {
    const float* source = from.row(std::clamp<std::ptrdiff_t>(y0 + y, 0, from.height - 1));
    float* row = to.row(y);
    std::fill(row, row + inside_first, source[0]);
    std::copy(source + x0 + inside_first, source + x0 + inside_last, row + inside_first);
    std::fill(row + inside_last, row + to.width, source[from.width - 1]);
  }
}

float positive(float value) { return value > 0.0F ? value : 0.0F; }

/// Noise, and the Laplacian over twice the noise, for the inside (2 pixels off) of `image`.
void significance_of(View<const float> image, View<float> noise, View<float> result) {
  for (std::ptrdiff_t y = 0; y < result.height; ++y) {
    const float* up = image.row(y + 1) + 2;
    const float* here = image.row(y + 2) + 2;
    const float* down = image.row(y + 3) + 2;
    float* sigma = noise.row(y);
    float* out = result.row(y);
#pragma GCC ivdep
    for (std::ptrdiff_t x = 0; x < result.width; ++x) {
      // Each quarter of a pixel has two neighbours in the same pixel, one beside it and one above
      // or below.
      const float twice = 2.0F * here[x];
      const float left = twice - here[x - 1];
      const float right = twice - here[x + 1];
      const float sum = positive(left - up[x]) + positive(left - down[x]) +
                        positive(right - up[x]) + positive(right - down[x]);
      const float s = std::sqrt(sigma[x] > 1e-20F ? sigma[x] : 1e-20F);
      sigma[x] = s;
      out[x] = 0.125F * sum / s;
    }
  }
}

}  // namespace

LaplacianTile laplacian_tile(View<const float> image, View<const float> variance, std::ptrdiff_t x0,
                             std::ptrdiff_t y0, std::ptrdiff_t width, std::ptrdiff_t height) {
  const std::ptrdiff_t w = width + 2 * kHalo;
  const std::ptrdiff_t h = height + 2 * kHalo;
  Plane<float> pixels(w, h);
  Plane<float> scratch(w, h);
  Plane<float> noise(w - 4, h - 4);
  copy_clamped(variance, x0 - kHalo, y0 - kHalo, pixels.view());
  median_separable_5(pixels.view(), scratch.view().cut(0, 0, w - 4, h), noise.view());
  copy_clamped(image, x0 - kHalo, y0 - kHalo, pixels.view());
  Plane<float> raw_significance(w - 4, h - 4);
  significance_of(pixels.view(), noise.view(), raw_significance.view());

  const std::ptrdiff_t out_w = w - 8;
  const std::ptrdiff_t out_h = h - 8;
  LaplacianTile tile{Plane<float>(out_w, out_h), Plane<float>(out_w, out_h),
                     Plane<float>(out_w, out_h), Plane<float>(out_w, out_h)};
  median_separable_5(raw_significance.view(), scratch.view().cut(0, 0, out_w, h - 4),
                     tile.significance.view());
  Plane<float> fine(w - 2, h - 2);
  median_3x3(pixels.view(), fine.view());
  median_separable_7(fine.view(), scratch.view().cut(0, 0, out_w, h - 2), tile.background.view());
  for (std::ptrdiff_t y = 0; y < out_h; ++y) {
    for (std::ptrdiff_t x = 0; x < out_w; ++x) {
      const float sigma = noise(x + 2, y + 2);
      const float structure = (fine(x + 3, y + 3) - tile.background(x, y)) / sigma;
      tile.noise(x, y) = sigma;
      tile.structure(x, y) = structure > kMinStructure ? structure : kMinStructure;
      tile.significance(x, y) = raw_significance(x + 2, y + 2) - tile.significance(x, y);
    }
  }
  return tile;
}

}  // namespace polis
