#include "kernels/source_stamp.h"

#include <algorithm>
#include <cmath>

namespace polis {
namespace {

/// Copies columns of one image row; every pixel gets its state, unusable ones value and variance 0.
std::uint8_t copy_row(const float* residual, const float* variance, const MaskPixel* mask,
                      const std::int32_t* labels, std::int32_t label, std::int32_t count,
                      float* value, float* noise, std::uint8_t* state) {
  unsigned any = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    const float pixel = residual[i];
    const bool bad = (mask != nullptr && (mask[i] & ignored_by_detection) != 0) ||
                     pixel - pixel != 0.0F || !(variance[i] > 0.0F);
    const bool other = labels[i] != 0 && labels[i] != label;
    const unsigned what = (bad ? 2U : 0U) | (other ? 1U : 0U);
    value[i] = what == 0 ? pixel : 0.0F;
    noise[i] = what == 0 ? variance[i] : 0.0F;
    state[i] = static_cast<std::uint8_t>(what);
    any |= what;
  }
  return static_cast<std::uint8_t>(any);
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

void mirror(SourceStamp& stamp, double x, double y) {
  const auto sum_x = static_cast<std::int32_t>(std::lround(2.0 * (x - stamp.x0)));
  const auto sum_y = static_cast<std::int32_t>(std::lround(2.0 * (y - stamp.y0)));
  for (std::int32_t j = 0; j < stamp.height; ++j) {
    const std::int32_t v = sum_y - j;
    if (v < 0 || v >= stamp.height) continue;
    for (std::int32_t i = 0; i < stamp.width; ++i) {
      const std::size_t here = stamp.row(j) + static_cast<std::size_t>(i);
      const std::int32_t u = sum_x - i;
      if (stamp.state[here] == SourceStamp::usable || u < 0 || u >= stamp.width) continue;
      const std::size_t there = stamp.row(v) + static_cast<std::size_t>(u);
      if (stamp.state[there] != SourceStamp::usable) continue;
      stamp.value[here] = stamp.value[there];
      stamp.variance[here] = stamp.variance[there];
    }
  }
}

}  // namespace

void cut_stamp(const MeasuredPixels& image, View<const std::int32_t> labels, std::int32_t label,
               double x, double y, std::int32_t radius, SourceStamp& stamp) {
  stamp.x0 = static_cast<std::int32_t>(std::lround(x)) - radius;
  stamp.y0 = static_cast<std::int32_t>(std::lround(y)) - radius;
  stamp.width = stamp.height = 2 * radius + 1;
  stamp.stride = (stamp.width + 7) / 8 * 8;
  const std::size_t size = stamp.row(stamp.height);
  // Eight more, so that the last row may be read in whole blocks from any column.
  stamp.value.assign(size + 8, 0.0F);
  stamp.variance.assign(size + 8, 0.0F);
  stamp.state.assign(size, SourceStamp::outside);
  const std::int32_t first = std::max(0, -stamp.x0);
  const std::int32_t last =
      std::min(stamp.width, static_cast<std::int32_t>(labels.width) - stamp.x0);
  const bool cut_off = first > 0 || last < stamp.width;
  unsigned any = cut_off ? static_cast<unsigned>(SourceStamp::outside) : 0U;
  std::vector<float> modelled;
  for (std::int32_t j = 0; j < stamp.height; ++j) {
    const std::int32_t row_y = stamp.y0 + j;
    if (row_y < 0 || row_y >= labels.height || last <= first) {
      any |= SourceStamp::outside;
      continue;
    }
    const std::int32_t from = stamp.x0 + first;
    const float* residual = image.residual.row(row_y) + from;
    const float* variance = nullptr;
    if (image.variance.empty()) {
      model_variance(image, residual, from, row_y, last - first, modelled);
      variance = modelled.data();
    } else {
      variance = image.variance.row(row_y) + from;
    }
    const std::size_t to = stamp.row(j) + static_cast<std::size_t>(first);
    any |= copy_row(residual, variance, image.mask.empty() ? nullptr : image.mask.row(row_y) + from,
                    labels.row(row_y) + from, label, last - first, &stamp.value[to],
                    &stamp.variance[to], &stamp.state[to]);
  }
  stamp.any_state = static_cast<std::uint8_t>(any);
  if (any != 0) mirror(stamp, x, y);
}

}  // namespace polis
