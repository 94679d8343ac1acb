#include "kernels/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/simd.h"

namespace polis {
namespace {

constexpr int kLobes = 3;
constexpr int kPhases = 1024;        ///< of the tabulated weights per pixel
constexpr double kMostShrink = 8.0;  ///< input pixels per output pixel, along one axis
constexpr float kMostLost = 0.1F;    ///< share of the weight that lost pixels may have had
constexpr float kMatters = 0.02F;    ///< weight from which on a pixel's bits go along
constexpr std::ptrdiff_t kRowsPerBand = 32;
constexpr std::ptrdiff_t kBlock = 8;  ///< pixels that are looked over together for mask bits
constexpr MaskPixel kMeaningless =
    mask_bits::bad | mask_bits::hot | mask_bits::cosmic_ray | mask_bits::trail | mask_bits::no_data;

double lanczos(double t) {
  if (std::abs(t) < 1e-9) return 1.0;
  if (std::abs(t) >= kLobes) return 0.0;
  const double a = std::numbers::pi * t;
  return kLobes * std::sin(a) * std::sin(a / kLobes) / (a * a);
}

/// Weights of the pixels around a position, by its fraction of a pixel. They sum to 1.
class Taps {
 public:
  explicit Taps(double shrink) {
    const double scale = std::max(1.0, shrink);
    reach_ = static_cast<int>(std::ceil(kLobes * scale));
    count_ = 2 * reach_;
    stride_ = (static_cast<std::size_t>(count_) + simd::lanes - 1) / simd::lanes * simd::lanes;
    weights_.assign(stride_ * (kPhases + 1), 0.0F);
    std::vector<double> row(static_cast<std::size_t>(count_));
    for (int phase = 0; phase <= kPhases; ++phase) {
      double sum = 0.0;
      for (int k = 0; k < count_; ++k) {
        const double offset = k - (reach_ - 1) - static_cast<double>(phase) / kPhases;
        row[static_cast<std::size_t>(k)] = lanczos(offset / scale);
        sum += row[static_cast<std::size_t>(k)];
      }
      for (int k = 0; k < count_; ++k) {
        weights_[static_cast<std::size_t>(phase) * stride_ + static_cast<std::size_t>(k)] =
            static_cast<float>(row[static_cast<std::size_t>(k)] / sum);
      }
    }
  }
  int count() const { return count_; }
  std::size_t padded() const { return stride_; }
  /// First pixel that has a weight, for a position in pixel `whole`.
  std::ptrdiff_t first(std::ptrdiff_t whole) const { return whole - (reach_ - 1); }
  const float* at(double fraction) const {
    return &weights_[static_cast<std::size_t>(std::lround(fraction * kPhases)) * stride_];
  }

 private:
  int reach_ = 0, count_ = 0;
  std::size_t stride_ = 0;
  std::vector<float> weights_;
};

/// Input area per output pixel around a node: 0 where the map has no value.
double area_at(const PixelMap& map, std::ptrdiff_t i, std::ptrdiff_t j) {
  const std::ptrdiff_t i1 = std::min(i + 1, map.x.width() - 1),
                       i0 = std::max<std::ptrdiff_t>(i1 - 1, 0);
  const std::ptrdiff_t j1 = std::min(j + 1, map.x.height() - 1),
                       j0 = std::max<std::ptrdiff_t>(j1 - 1, 0);
  const auto step = static_cast<double>(map.step);
  const double dxdi = (map.x(i1, j0) - map.x(i0, j0)) / step;
  const double dydi = (map.y(i1, j0) - map.y(i0, j0)) / step;
  const double dxdj = (map.x(i0, j1) - map.x(i0, j0)) / step;
  const double dydj = (map.y(i0, j1) - map.y(i0, j0)) / step;
  const double area = std::abs(dxdi * dydj - dxdj * dydi);
  return std::isfinite(area) ? area : 0.0;
}

/// Median over the nodes: the taps are as wide everywhere, so that no seams appear.
double typical_area(const PixelMap& map) {
  std::vector<double> areas;
  for (std::ptrdiff_t j = 0; j < map.x.height(); ++j) {
    for (std::ptrdiff_t i = 0; i < map.x.width(); ++i) {
      const double area = area_at(map, i, j);
      if (area > 0.0) areas.push_back(area);
    }
  }
  if (areas.empty()) return 0.0;
  const auto middle = areas.begin() + static_cast<std::ptrdiff_t>(areas.size() / 2);
  std::nth_element(areas.begin(), middle, areas.end());
  return *middle;
}

/// The input with a frame of nothing around it, so that taps never leave it: values, variances and
/// bits, 0 where a pixel has no meaning, and `lost`, 1 there.
struct Padded {
  std::ptrdiff_t margin = 0;
  Plane<float> pixels, variance, lost;
  Plane<MaskPixel> mask;
};

Padded pad(const ResampleInput& input, std::ptrdiff_t margin) {
  const std::ptrdiff_t w = input.pixels.width + 2 * margin, h = input.pixels.height + 2 * margin;
  Padded padded{margin, Plane<float>(w, h), Plane<float>(w, h), Plane<float>(w, h, 1.0F),
                Plane<MaskPixel>(w, h, mask_bits::no_data)};
  parallel_bands(input.pixels.height, kRowsPerBand, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t y = first; y < last; ++y) {
      const float* value = input.pixels.row(y);
      const float* variance = input.variance.row(y);
      float* out = padded.pixels.view().row(y + margin) + margin;
      float* out_variance = padded.variance.view().row(y + margin) + margin;
      float* lost = padded.lost.view().row(y + margin) + margin;
      MaskPixel* bits = padded.mask.view().row(y + margin) + margin;
      for (std::ptrdiff_t x = 0; x < input.pixels.width; ++x) {
        bits[x] = input.mask.empty() ? 0 : input.mask.row(y)[x];
        const bool good =
            (bits[x] & kMeaningless) == 0 && std::isfinite(value[x]) && std::isfinite(variance[x]);
        out[x] = good ? value[x] : 0.0F;
        out_variance[x] = good ? variance[x] : 0.0F;
        lost[x] = good ? 0.0F : 1.0F;
      }
    }
  });
  return padded;
}

/// What the taps make of one position.
struct Sum {
  float value = 0.0F, variance = 0.0F;
  float lost = 0.0F;    ///< absolute weight of the pixels without meaning
  float weight = 0.0F;  ///< of those with one
  MaskPixel bits = 0;
};

/// Columns of weighted rows, then the row of columns: all taps of a row in vector registers.
template <int kVectors>
Sum sum_taps(const Padded& in, const Taps& taps, std::ptrdiff_t x0, std::ptrdiff_t y0,
             const float* wx, const float* wy) {
  using simd::Float8;
  std::array<Float8, kVectors> value{}, variance{}, lost{};
  for (int r = 0; r < taps.count(); ++r) {
    const Float8 w = simd::splat(wy[r]), w2 = w * w;
    const Float8 size = simd::splat(std::abs(wy[r]));
    const float* row = in.pixels.view().row(y0 + r) + x0;
    const float* row_variance = in.variance.view().row(y0 + r) + x0;
    const float* row_lost = in.lost.view().row(y0 + r) + x0;
    for (std::size_t v = 0; v < kVectors; ++v) {
      value[v] += w * simd::load(row + v * simd::lanes);
      variance[v] += w2 * simd::load(row_variance + v * simd::lanes);
      lost[v] += size * simd::load(row_lost + v * simd::lanes);
    }
  }
  Float8 a{}, b{}, c{};
  for (std::size_t v = 0; v < kVectors; ++v) {
    const Float8 w = simd::load(wx + v * simd::lanes);
    a += w * value[v];
    b += w * w * variance[v];
    c += simd::larger(w, -w) * lost[v];
  }
  return {static_cast<float>(simd::sum(a)), static_cast<float>(simd::sum(b)),
          static_cast<float>(simd::sum(c)), 1.0F, 0};
}

Sum sum_taps(const Padded& in, const Taps& taps, std::ptrdiff_t x0, std::ptrdiff_t y0,
             const float* wx, const float* wy) {
  switch (taps.padded() / simd::lanes) {
    case 1:
      return sum_taps<1>(in, taps, x0, y0, wx, wy);
    case 2:
      return sum_taps<2>(in, taps, x0, y0, wx, wy);
    case 3:
      return sum_taps<3>(in, taps, x0, y0, wx, wy);
    case 4:
      return sum_taps<4>(in, taps, x0, y0, wx, wy);
    case 5:
      return sum_taps<5>(in, taps, x0, y0, wx, wy);
    default:
      return sum_taps<6>(in, taps, x0, y0, wx, wy);
  }
}

/// Weight of the pixels that have a meaning, and the bits of all that matter.
void weigh_and_mark(const Padded& in, const Taps& taps, std::ptrdiff_t x0, std::ptrdiff_t y0,
                    const float* wx, const float* wy, Sum& sum) {
  sum.weight = 0.0F;
  for (int r = 0; r < taps.count(); ++r) {
    const float* lost = in.lost.view().row(y0 + r) + x0;
    const MaskPixel* bits = in.mask.view().row(y0 + r) + x0;
    for (int k = 0; k < taps.count(); ++k) {
      const float w = wy[r] * wx[k];
      if (lost[k] == 0.0F) sum.weight += w;
      if (std::abs(w) >= kMatters) sum.bits |= bits[k];
    }
  }
}

/// Whether any pixel near has a bit or no meaning, so that the common case need not look: one
/// value per block of 8 x 8 padded pixels, each told of its neighbours.
Plane<std::uint8_t> troubled_blocks(const Padded& in, std::ptrdiff_t reach) {
  const std::ptrdiff_t w = (in.mask.width() + kBlock - 1) / kBlock,
                       h = (in.mask.height() + kBlock - 1) / kBlock;
  Plane<std::uint8_t> own(w, h), blocks(w, h);
  for (std::ptrdiff_t y = 0; y < in.mask.height(); ++y) {
    const MaskPixel* bits = in.mask.view().row(y);
    const float* lost = in.lost.view().row(y);
    for (std::ptrdiff_t x = 0; x < in.mask.width(); ++x) {
      if (bits[x] != 0 || lost[x] != 0.0F) own(x / kBlock, y / kBlock) = 1;
    }
  }
  const std::ptrdiff_t near = (reach + kBlock - 1) / kBlock;
  for (std::ptrdiff_t y = 0; y < h; ++y) {
    for (std::ptrdiff_t x = 0; x < w; ++x) {
      for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, y - near); j <= std::min(h - 1, y + near);
           ++j) {
        for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, x - near);
             i <= std::min(w - 1, x + near); ++i)
          blocks(x, y) = static_cast<std::uint8_t>(blocks(x, y) | own(i, j));
      }
    }
  }
  return blocks;
}

/// Makes the output, row by row.
class Resampler {
 public:
  Resampler(const ResampleInput& input, const PixelMap& map, const ResampleOutput& output)
      : input_(input),
        map_(map),
        output_(output),
        area_(typical_area(map)),
        taps_(std::min(kMostShrink, std::sqrt(area_))) {}

  void run() {
    const bool hopeless =
        !(area_ > 0.0) || area_ > kMostShrink * kMostShrink || input_.pixels.empty();
    if (!hopeless) {
      // Room for whole vectors of taps at the right edge.
      padded_ = pad(input_, static_cast<std::ptrdiff_t>(2 * taps_.padded()));
      troubled_ = troubled_blocks(padded_, static_cast<std::ptrdiff_t>(taps_.padded()));
    }
    parallel_bands(output_.pixels.height, kRowsPerBand,
                   [&](std::ptrdiff_t first, std::ptrdiff_t last) {
                     for (std::ptrdiff_t y = first; y < last; ++y) {
                       for (std::ptrdiff_t x = 0; x < output_.pixels.width; ++x) {
                         if (hopeless) blank(x, y);
                       }
                       if (!hopeless) make_row(y);
                     }
                   });
  }

 private:
  void blank(std::ptrdiff_t x, std::ptrdiff_t y) const {
    output_.pixels(x, y) = output_.variance(x, y) = std::numeric_limits<float>::quiet_NaN();
    output_.mask(x, y) = mask_bits::no_data;
  }

  void make_row(std::ptrdiff_t y) const {
    const std::ptrdiff_t step = map_.step, j = std::min(y / step, map_.x.height() - 2), j1 = j + 1;
    const double ty = static_cast<double>(y - j * step) / static_cast<double>(step);
    for (std::ptrdiff_t i = 0; i * step < output_.pixels.width; ++i) {
      const std::ptrdiff_t i1 = std::min(i + 1, map_.x.width() - 1);
      const double xa = (1.0 - ty) * map_.x(i, j) + ty * map_.x(i, j1);
      const double xb = (1.0 - ty) * map_.x(i1, j) + ty * map_.x(i1, j1);
      const double ya = (1.0 - ty) * map_.y(i, j) + ty * map_.y(i, j1);
      const double yb = (1.0 - ty) * map_.y(i1, j) + ty * map_.y(i1, j1);
      const auto area = static_cast<float>(area_at(map_, i, j));
      const std::ptrdiff_t end = std::min(output_.pixels.width, (i + 1) * step);
      for (std::ptrdiff_t x = i * step; x < end; ++x) {
        const double tx = static_cast<double>(x - i * step) / static_cast<double>(step);
        make_pixel(x, y, (1.0 - tx) * xa + tx * xb, (1.0 - tx) * ya + tx * yb, area);
      }
    }
  }

  void make_pixel(std::ptrdiff_t x, std::ptrdiff_t y, double px, double py, float area) const {
    const bool inside = px > -0.5 && py > -0.5 &&
                        px < static_cast<double>(input_.pixels.width) - 0.5 &&
                        py < static_cast<double>(input_.pixels.height) - 0.5;
    if (!inside || !(area > 0.0F)) return blank(x, y);
    const double fx = std::floor(px), fy = std::floor(py);
    const std::ptrdiff_t x0 = taps_.first(static_cast<std::ptrdiff_t>(fx)) + padded_.margin;
    const std::ptrdiff_t y0 = taps_.first(static_cast<std::ptrdiff_t>(fy)) + padded_.margin;
    const float* wx = taps_.at(px - fx);
    const float* wy = taps_.at(py - fy);
    Sum sum = sum_taps(padded_, taps_, x0, y0, wx, wy);
    if (troubled_(x0 / kBlock, y0 / kBlock) != 0) {
      weigh_and_mark(padded_, taps_, x0, y0, wx, wy, sum);
      if (sum.lost > kMostLost || !(sum.weight > 0.5F)) {
        blank(x, y);
        output_.mask(x, y) |= sum.bits;
        return;
      }
      sum.bits &= ~kMeaningless;
      if (sum.lost > 0.0F) sum.bits |= mask_bits::interpolated;
    }
    const float scale = area / sum.weight;
    output_.pixels(x, y) = scale * sum.value;
    output_.variance(x, y) = scale * scale * sum.variance;
    output_.mask(x, y) = sum.bits;
  }

  const ResampleInput& input_;
  const PixelMap& map_;
  const ResampleOutput& output_;
  double area_ = 0.0;
  Taps taps_;
  Padded padded_;
  Plane<std::uint8_t> troubled_;
};

}  // namespace

PixelMap::PixelMap(std::ptrdiff_t width_in, std::ptrdiff_t height_in, std::ptrdiff_t step_in)
    : step(step_in), width(width_in), height(height_in) {
  const auto nodes = [&](std::ptrdiff_t length) {
    return std::max<std::ptrdiff_t>(2, (length + step - 2) / step + 1);
  };
  const double nowhere = std::numeric_limits<double>::quiet_NaN();
  x = Plane<double>(nodes(width), nodes(height), nowhere);
  y = Plane<double>(nodes(width), nodes(height), nowhere);
}

void resample(const ResampleInput& input, const PixelMap& map, const ResampleOutput& output) {
  Resampler(input, map, output).run();
}

}  // namespace polis
