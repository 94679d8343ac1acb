#include "kernels/source_stamp.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/simd.h"

namespace polis {
namespace {

/// The rows of the image from which one row of a stamp is copied, at its first column.
struct ImageRow {
  const float* residual;
  const float* variance;
  const MaskPixel* mask;  // may be null
  const std::int32_t* labels;
};

/// Copies eight pixels; every one gets its state, unusable ones value and variance 0. Returns the
/// states' OR by lane.
template <bool has_mask>
simd::Int8 copy_block(const ImageRow& from, std::ptrdiff_t i, std::int32_t label, float* value,
                      float* noise, std::int32_t* state) {
  using namespace simd;
  const Float8 pixel = load(from.residual + i);
  const Float8 variance = load(from.variance + i);
  const Int8 owner = load(from.labels + i);
  Int8 bad = (pixel - pixel != 0.0F) | ~(variance > 0.0F);
  if constexpr (has_mask) {
    const Int8 bits = load(reinterpret_cast<const std::int32_t*>(from.mask) + i);
    bad |= (bits & static_cast<std::int32_t>(ignored_by_detection)) != 0;
  }
  const Int8 other = (owner != 0) & (owner != label);
  const Int8 what = (bad & SourceStamp::masked) | (other & SourceStamp::of_neighbour);
  const Int8 usable = what == 0;
  store(value + i, keep(usable, pixel));
  store(noise + i, keep(usable, variance));
  std::memcpy(state + i, &what, sizeof what);
  return what;
}

/// Copies `count` pixels of a row; returns the OR of their states.
template <bool has_mask>
std::int32_t copy_row(const ImageRow& from, std::int32_t count, std::int32_t label, float* value,
                      float* noise, std::int32_t* state) {
  simd::Int8 any{};
  std::int32_t i = 0;
  for (; i + 8 <= count; i += 8) any |= copy_block<has_mask>(from, i, label, value, noise, state);
  std::int32_t result = 0;
  for (std::size_t k = 0; k < simd::lanes; ++k) result |= any[k];
  for (; i < count; ++i) {
    const float pixel = from.residual[i];
    const bool masked = has_mask && (from.mask[i] & ignored_by_detection) != 0;
    const bool bad = masked || pixel - pixel != 0.0F || !(from.variance[i] > 0.0F);
    const bool other = from.labels[i] != 0 && from.labels[i] != label;
    const std::int32_t what =
        (bad ? SourceStamp::masked : 0) | (other ? SourceStamp::of_neighbour : 0);
    value[i] = what == 0 ? pixel : 0.0F;
    noise[i] = what == 0 ? from.variance[i] : 0.0F;
    state[i] = what;
    result |= what;
  }
  return result;
}

/// Variance where there is no plane of it: sky noise, and the source's own.
void model_variance(const MeasuredPixels& image, const float* residual, std::int32_t x0,
                    std::int32_t y, std::int32_t count, std::vector<float>& variance) {
  variance.resize(static_cast<std::size_t>(count));
  const float rms = background_rms_at(*image.background, x0 + 0.5 * count, y);
  const float per_unit = image.gain_e_per_unit > 0.0F ? 1.0F / image.gain_e_per_unit : 0.0F;
  for (std::int32_t i = 0; i < count; ++i) {
    variance[static_cast<std::size_t>(i)] = rms * rms + std::max(0.0F, residual[i]) * per_unit;
  }
}

/// Replaces what is not usable, where its mirror image is.
void mirror(SourceStamp& stamp, double x, double y) {
  const auto sum_x = static_cast<std::int32_t>(std::lround(2.0 * (x - stamp.x0)));
  const auto sum_y = static_cast<std::int32_t>(std::lround(2.0 * (y - stamp.y0)));
  for (std::int32_t j = 0; j < stamp.height; ++j) {
    const std::int32_t v = sum_y - j;
    if (v < 0 || v >= stamp.height) continue;
    for (std::int32_t block = 0; block < stamp.stride; block += 8) {
      const std::size_t start = stamp.row(j) + static_cast<std::size_t>(block);
      unsigned left = simd::bits(simd::load(&stamp.state[start]) != 0);
      for (; left != 0; left &= left - 1) {
        const auto k = static_cast<std::int32_t>(std::countr_zero(left));
        const std::int32_t u = sum_x - block - k;
        if (u < 0 || u >= stamp.width || block + k >= stamp.width) continue;
        const std::size_t here = start + static_cast<std::size_t>(k);
        const std::size_t there = stamp.row(v) + static_cast<std::size_t>(u);
        if (stamp.state[there] != SourceStamp::usable) continue;
        stamp.value[here] = stamp.value[there];
        stamp.variance[here] = stamp.variance[there];
      }
    }
  }
}

void resize(SourceStamp& stamp, double x, double y, std::int32_t radius) {
  stamp.x0 = static_cast<std::int32_t>(std::lround(x)) - radius;
  stamp.y0 = static_cast<std::int32_t>(std::lround(y)) - radius;
  stamp.width = stamp.height = 2 * radius + 1;
  stamp.stride = (stamp.width + 7) / 8 * 8;
  // Eight more, so that the last row may be read in whole blocks from any column.
  const std::size_t size = stamp.row(stamp.height) + 8;
  stamp.value.assign(size, 0.0F);
  stamp.variance.assign(size, 0.0F);
  stamp.state.assign(size, SourceStamp::outside);
}

}  // namespace

void cut_stamp(const MeasuredPixels& image, View<const std::int32_t> labels, std::int32_t label,
               double x, double y, std::int32_t radius, SourceStamp& stamp) {
  resize(stamp, x, y, radius);
  const std::int32_t first = std::max(0, -stamp.x0);
  const std::int32_t last =
      std::min(stamp.width, static_cast<std::int32_t>(labels.width) - stamp.x0);
  std::int32_t any = first > 0 || last < stamp.width ? SourceStamp::outside : 0;
  std::vector<float> modelled;
  for (std::int32_t j = 0; j < stamp.height; ++j) {
    const std::int32_t row_y = stamp.y0 + j;
    if (row_y < 0 || row_y >= labels.height || last <= first) {
      any |= SourceStamp::outside;
      continue;
    }
    const std::int32_t from = stamp.x0 + first;
    ImageRow row{image.residual.row(row_y) + from, nullptr, nullptr, labels.row(row_y) + from};
    if (image.variance.empty()) {
      model_variance(image, row.residual, from, row_y, last - first, modelled);
      row.variance = modelled.data();
    } else {
      row.variance = image.variance.row(row_y) + from;
    }
    if (!image.mask.empty()) row.mask = image.mask.row(row_y) + from;
    const std::size_t to = stamp.row(j) + static_cast<std::size_t>(first);
    const auto copy = row.mask != nullptr ? copy_row<true> : copy_row<false>;
    any |= copy(row, last - first, label, &stamp.value[to], &stamp.variance[to], &stamp.state[to]);
  }
  stamp.any_state = any;
  if (any != 0) mirror(stamp, x, y);
}

}  // namespace polis
