#include "kernels/calibrate.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <vector>

#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kRowsPerItem = 32;

using Coefficients = std::array<float, kMaxLinearityTerms>;

/// One row of everything. Masters that are absent point to a row of zeros (ones for the flat),
/// which stays in the first-level cache: one loop serves all combinations at no cost in memory
/// traffic.
struct Rows {
  const float* raw;
  const float* bias;
  const float* bias_variance;
  const float* dark;
  const float* dark_variance;
  const float* flat;
  const float* flat_variance;
  const MaskPixel* bias_mask;
  const MaskPixel* dark_mask;
  const MaskPixel* flat_mask;
  float* pixels;
  float* variance;
  MaskPixel* mask;
};

struct Constants {
  float dark_scale, gain, read_variance, saturation, nonlinear, min_flat;
  Coefficients polynomial;
};

template <bool Linear>
void calibrate_row(const Rows& rows, std::ptrdiff_t width, float level, const Constants c) {
  const float* raw = rows.raw;
  const float* bias = rows.bias;
  const float* bias_variance = rows.bias_variance;
  const float* dark = rows.dark;
  const float* dark_variance = rows.dark_variance;
  const float* flat = rows.flat;
  const float* flat_variance = rows.flat_variance;
  const MaskPixel* bias_mask = rows.bias_mask;
  const MaskPixel* dark_mask = rows.dark_mask;
  const MaskPixel* flat_mask = rows.flat_mask;
  float* pixels = rows.pixels;
  float* variance = rows.variance;
  MaskPixel* mask = rows.mask;
  constexpr float kLargest = std::numeric_limits<float>::max();
  const float gain = c.gain;
  const float gain2 = c.gain * c.gain;
  const float read_variance = c.read_variance;
  const float min_flat = c.min_flat;
  const float saturation = c.saturation;
  const float nonlinear = c.nonlinear;
  const float dark_scale = c.dark_scale;
  const float scale2 = c.dark_scale * c.dark_scale;
  // No plane of the result overlaps with one that is read.
#pragma GCC ivdep
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const float measured = raw[x];
    const float counts = measured - level - bias[x];
    float adu = counts;
    float slope = 1.0F;
    if constexpr (!Linear) {
      // Horner for p(z) = 1 + c0 z + c1 z^2 ... and for the derivative of z p(z).
      float p = c.polynomial[4];
      float d = 0.0F;
      for (int i = 3; i >= 0; --i) {
        d = d * counts + p;
        p = p * counts + c.polynomial[static_cast<std::size_t>(i)];
      }
      d = d * counts + p;
      p = p * counts + 1.0F;
      adu = counts * p;
      slope = p + counts * d;
    }
    const float relative = flat[x];
    const bool responds = relative > min_flat;
    const float response = responds ? relative : 1.0F;
    const float inverse = 1.0F / response;
    const float value = gain * (adu - dark_scale * dark[x]) * inverse;
    const float charge = gain * (adu > 0.0F ? adu : 0.0F);
    const float noise = charge + slope * slope * (read_variance + gain2 * bias_variance[x]) +
                        gain2 * scale2 * dark_variance[x];
    const float total = (noise + value * value * flat_variance[x]) * inverse * inverse;
    const bool finite = std::abs(value) + std::abs(total) <= kLargest;
    const MaskPixel saturated = measured >= saturation ? mask_bits::saturated : 0U;
    const MaskPixel suspect = measured >= nonlinear ? mask_bits::suspect : 0U;
    const MaskPixel dead = responds ? 0U : mask_bits::bad;
    const MaskPixel missing = finite ? 0U : mask_bits::no_data;
    pixels[x] = finite ? value : 0.0F;
    variance[x] = finite ? total : read_variance;
    mask[x] = bias_mask[x] | dark_mask[x] | flat_mask[x] | saturated | suspect | dead | missing;
  }
}

template <class T>
const T* row_or(View<const T> view, std::ptrdiff_t y, const std::vector<T>& fallback) {
  return view.empty() ? fallback.data() : view.row(y);
}

}  // namespace

void calibrate(const CalibrateInput& in, const CalibratedView& out) {
  assert(in.linearity.size() <= kMaxLinearityTerms);
  const std::ptrdiff_t width = in.raw.width;
  const std::ptrdiff_t height = in.raw.height;
  if (in.raw.empty()) return;
  Constants c{in.dark_scale,
              in.gain_e_per_adu,
              in.read_noise_e * in.read_noise_e,
              in.saturation_adu,
              in.nonlinear_adu,
              in.min_flat,
              {}};
  std::copy(in.linearity.begin(), in.linearity.end(), c.polynomial.begin());
  const std::vector<float> zeros(static_cast<std::size_t>(width), 0.0F);
  const std::vector<float> ones(static_cast<std::size_t>(width), 1.0F);
  const std::vector<MaskPixel> clear(static_cast<std::size_t>(width), 0U);
  parallel_bands(height, kRowsPerItem, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t y = first; y < last; ++y) {
      const Rows rows{in.raw.row(y),
                      row_or(in.bias.pixels, y, zeros),
                      row_or(in.bias.variance, y, zeros),
                      row_or(in.dark.pixels, y, zeros),
                      row_or(in.dark.variance, y, zeros),
                      row_or(in.flat.pixels, y, ones),
                      row_or(in.flat.variance, y, zeros),
                      row_or(in.bias.mask, y, clear),
                      row_or(in.dark.mask, y, clear),
                      row_or(in.flat.mask, y, clear),
                      out.pixels.row(y),
                      out.variance.row(y),
                      out.mask.row(y)};
      const float level = in.overscan.empty() ? 0.0F : in.overscan[static_cast<std::size_t>(y)];
      if (in.linearity.empty()) {
        calibrate_row<true>(rows, width, level, c);
      } else {
        calibrate_row<false>(rows, width, level, c);
      }
    }
  });
}

void blank_masked(View<float> pixels, View<const MaskPixel> mask, MaskPixel bits) {
  parallel_bands(pixels.height, kRowsPerItem, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t y = first; y < last; ++y) {
      float* row = pixels.row(y);
      const MaskPixel* flags = mask.row(y);
      for (std::ptrdiff_t x = 0; x < pixels.width; ++x) {
        row[x] = (flags[x] & bits) != 0 ? std::numeric_limits<float>::quiet_NaN() : row[x];
      }
    }
  });
}

}  // namespace polis
