#include "kernels/difference_subtract.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/correlate_block.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

/// Part of a kernel's absolute values that may be left out at its rim.
constexpr double kDropped = 2e-4;
/// [px] Within a block the kernel is that of its middle.
constexpr std::ptrdiff_t kBlock = 32;

/// Memory of one thread.
struct Scratch {
  Plane<float> sharp;  // tile and the kernel's radius around it
  Plane<float> model;  // tile
  Plane<float> variance;
  Plane<float> kernel;
  BlockTaps taps;
  MaskScratch mask;
  std::vector<float> sky, scale, zeros;  // along a row

  explicit Scratch(std::ptrdiff_t radius)
      : sharp(tile_columns + 2 * radius, tile_rows + 2 * radius),
        model(tile_columns, tile_rows),
        variance(tile_columns, tile_rows),
        kernel(2 * radius + 1, 2 * radius + 1),
        sky(tile_columns),
        scale(tile_columns, 1.0F),
        zeros(tile_columns, 0.0F) {}
};

/// The kernel's sum over the field.
std::vector<double> sum_terms(const MatchingKernel& kernel) {
  std::vector<double> sums;
  for (const Plane<float>& term : kernel.terms) {
    double& sum = sums.emplace_back(0.0);
    for (std::ptrdiff_t i = 0; i < term.size(); ++i) sum += static_cast<double>(term.data()[i]);
  }
  return sums;
}

struct Tile {
  std::ptrdiff_t x0, y0, width, height;
};

/// Asks the memory for the rows of a tile a few at a time, while the one before it is convolved:
/// the convolution leaves the memory idle, and what comes after it would wait.
class TileFetcher {
 public:
  TileFetcher(const SubtractPlan& plan, const Tile& tile) : plan_(plan), tile_(tile) {}
  void fetch_some() {
    const std::ptrdiff_t last = std::min(row_ + kRowsAtOnce, tile_.y0 + tile_.height);
    for (; row_ < last; ++row_) {
      for (const DifferenceFrame* frame : {&plan_.sharp, &plan_.broad}) {
        fetch_row(frame->pixels);
        fetch_row(frame->variance);
        if (!frame->mask.empty()) fetch_row(frame->mask);
      }
    }
  }

 private:
  static constexpr std::ptrdiff_t kRowsAtOnce = 4;
  template <class T>
  void fetch_row(const View<T>& plane) const {
    constexpr std::ptrdiff_t line = 64 / static_cast<std::ptrdiff_t>(sizeof(T));
    const T* row = plane.row(row_) + tile_.x0;
    for (std::ptrdiff_t x = 0; x < tile_.width; x += line) __builtin_prefetch(row + x, 0, 2);
  }
  const SubtractPlan& plan_;
  Tile tile_;
  std::ptrdiff_t row_ = tile_.y0;
};

/// Pixels without their level; 0 for those that say nothing.
void take_row(const float* __restrict from, const MaskPixel* __restrict bits, float level,
              std::ptrdiff_t count, float* __restrict to) {
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const float value = from[i] - level;
    to[i] = value - value == 0.0F ? value : 0.0F;
  }
  if (bits == nullptr) return;
  // A saturated pixel says at least something about the light that its neighbours get.
  constexpr MaskPixel worthless = mask_bits::unusable & ~(mask_bits::saturated | mask_bits::bleed);
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    to[i] = (bits[i] & worthless) == 0 ? to[i] : 0.0F;
  }
}

/// What is needed of a row to subtract it.
struct RowInput {
  const float* broad;
  const float* broad_variance;
  const float* sharp_variance;
  const MaskPixel* bits;
  const float* sky;
  const float* scale;
};

/// out = usable ? value x scale : 0, four times.
void subtract_row(const RowInput& in, std::ptrdiff_t width, float* __restrict model,
                  float* __restrict difference, float* __restrict variance,
                  float* __restrict sharp) {
  const float* __restrict broad = in.broad;
  const float* __restrict broad_variance = in.broad_variance;
  const float* __restrict sharp_variance = in.sharp_variance;
  const MaskPixel* __restrict bits = in.bits;
  const float* __restrict sky = in.sky;
  const float* __restrict scale = in.scale;
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const bool usable = (bits[x] & mask_bits::unusable) == 0;
    const float value = (broad[x] - model[x] - sky[x]) * scale[x];
    difference[x] = usable ? value : 0.0F;
  }
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const bool usable = (bits[x] & mask_bits::unusable) == 0;
    const float square = scale[x] * scale[x];
    const float here = broad_variance[x] * square;
    const float there = sharp_variance[x] * square;
    variance[x] = usable ? here : 0.0F;
    sharp[x] = usable ? there : 0.0F;
    // The light counts where it is not usable, too: its errors reach further than the mask.
    model[x] *= scale[x];
  }
}

/// Mean of 2 x 2 pixels of two rows.
void bin_rows(const float* __restrict above, const float* __restrict below, std::ptrdiff_t width,
              float* __restrict to) {
  for (std::ptrdiff_t i = 0; i < width / 2; ++i) {
    to[i] = 0.25F * ((above[2 * i] + below[2 * i]) + (above[2 * i + 1] + below[2 * i + 1]));
  }
  if (width % 2 != 0) to[width / 2] = 0.25F * (above[width - 1] + below[width - 1]);
}

class Subtractor {
 public:
  explicit Subtractor(const SubtractPlan& plan) : plan_(plan), sums_(sum_terms(plan.kernel)) {
    const FieldPolynomial& field = plan.kernel.shape;
    for (const double u : {-1.0, 0.0, 1.0}) {
      for (const double v : {-1.0, 0.0, 1.0}) {
        const Plane<float> kernel = plan.kernel.evaluate(field.x_centre + u * field.x_scale,
                                                         field.y_centre + v * field.y_scale);
        disc_ = std::max(disc_, disc_within(kernel.view(), kDropped));
      }
    }
  }

  /// Copies the sharp frame around the tile; what cannot be used counts as sky.
  void gather(const Tile& tile, Scratch& scratch) const {
    const View<const float>& image = plan_.sharp.pixels;
    const View<const MaskPixel>& mask = plan_.sharp.mask;
    const std::ptrdiff_t radius = plan_.kernel.radius;
    const auto level = static_cast<float>(plan_.kernel.level);
    const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, tile.x0 - radius);
    const std::ptrdiff_t last = std::min(image.width, tile.x0 + tile_columns + radius);
    for (std::ptrdiff_t j = 0; j < scratch.sharp.height(); ++j) {
      float* to = scratch.sharp.view().row(j);
      const std::ptrdiff_t y = tile.y0 - radius + j;
      if (y < 0 || y >= image.height || first >= last) {
        std::fill_n(to, scratch.sharp.width(), 0.0F);
        continue;
      }
      const std::ptrdiff_t start = first - (tile.x0 - radius);
      std::fill_n(to, start, 0.0F);
      to += start;
      const std::ptrdiff_t count = last - first;
      take_row(image.row(y) + first, mask.empty() ? nullptr : mask.row(y) + first, level, count,
               to);
      std::fill_n(to + count, scratch.sharp.width() - start - count, 0.0F);
    }
  }

  /// The convolved sharp frame; whole blocks. Calls `meanwhile()` after each block.
  template <class Meanwhile>
  void convolve(const Tile& tile, Scratch& scratch, Meanwhile&& meanwhile) const {
    const std::ptrdiff_t radius = plan_.kernel.radius;
    for (std::ptrdiff_t y = 0; y < tile.height; y += kBlock) {
      for (std::ptrdiff_t x = 0; x < tile.width; x += kBlock) {
        const double middle_x = static_cast<double>(tile.x0 + x) + 0.5 * (kBlock - 1);
        const double middle_y = static_cast<double>(tile.y0 + y) + 0.5 * (kBlock - 1);
        plan_.kernel.evaluate(middle_x, middle_y, scratch.kernel.view());
        scratch.taps.set(scratch.kernel.view(), disc_);
        correlate_block(scratch.sharp.view().cut(x, y, kBlock + 2 * radius, kBlock + 2 * radius),
                        scratch.taps, scratch.model.view().cut(x, y, kBlock, kBlock));
        meanwhile();
      }
    }
  }

  /// The sky between the frames along a row of the tile, and what brings it to the science frame.
  void along_row(const Tile& tile, std::ptrdiff_t y, Scratch& scratch) const {
    const auto at_x = static_cast<double>(tile.x0);
    const auto at_y = static_cast<double>(tile.y0 + y);
    const MatchingKernel& kernel = plan_.kernel;
    kernel.sky.along_row(kernel.sky_terms, at_x, at_y, tile.width, scratch.sky.data());
    if (plan_.convolved_reference) return;
    float* scale = scratch.scale.data();
    kernel.shape.along_row(sums_, at_x, at_y, tile.width, scale);
    for (std::ptrdiff_t x = 0; x < tile.width; ++x) scale[x] = -1.0F / scale[x];
  }

  void finish(const Tile& tile, Scratch& scratch, const SubtractedPlanes& out) const;

  const SubtractPlan& plan() const { return plan_; }

 private:
  const SubtractPlan& plan_;
  std::vector<double> sums_;
  double disc_ = 0.0;  // [px] where the kernel is, everywhere in the field
};

void Subtractor::finish(const Tile& tile, Scratch& scratch, const SubtractedPlanes& out) const {
  const View<MaskPixel> mask = out.mask.cut(tile.x0, tile.y0, tile.width, tile.height);
  difference_mask(plan_.sharp, plan_.broad, plan_.reach, tile.x0, tile.y0, scratch.mask, mask);
  const View<float> sharp = scratch.variance.view();
  const View<float> model = scratch.model.view();
  for (std::ptrdiff_t y = 0; y < tile.height; ++y) {
    along_row(tile, y, scratch);
    const std::ptrdiff_t at = tile.y0 + y;
    const RowInput in{plan_.broad.pixels.row(at) + tile.x0,
                      plan_.broad.variance.row(at) + tile.x0,
                      plan_.sharp.variance.row(at) + tile.x0,
                      mask.row(y),
                      scratch.sky.data(),
                      scratch.scale.data()};
    subtract_row(in, tile.width, model.row(y), out.difference.row(at) + tile.x0,
                 out.broad_variance.row(at) + tile.x0, sharp.row(y));
  }
  const View<float> broad = out.broad_variance.cut(tile.x0, tile.y0, tile.width, tile.height);
  for (std::ptrdiff_t y = 0; y < tile.height; y += 2) {
    // A last row without a partner counts with one of zeros.
    const bool pair = y + 1 < tile.height;
    const auto bin = [&](const View<float>& from, const View<float>& to) {
      bin_rows(from.row(y), pair ? from.row(y + 1) : scratch.zeros.data(), tile.width,
               to.row((tile.y0 + y) / 2) + tile.x0 / 2);
    };
    bin(broad, out.broad_variance_half);
    bin(sharp, out.sharp_variance_half);
    bin(model, out.model_half);
  }
}

}  // namespace

void subtract_convolved(const SubtractPlan& plan, const SubtractedPlanes& out) {
  const Subtractor subtractor(plan);
  const std::ptrdiff_t width = out.difference.width;
  const std::ptrdiff_t height = out.difference.height;
  const std::ptrdiff_t columns = (width + tile_columns - 1) / tile_columns;
  const std::ptrdiff_t rows = (height + tile_rows - 1) / tile_rows;
  parallel_for(rows, [&](std::ptrdiff_t row) {
    Scratch scratch(plan.kernel.radius);
    const auto tile_at = [&](std::ptrdiff_t column) {
      Tile tile{column * tile_columns, row * tile_rows, 0, 0};
      tile.width = std::clamp<std::ptrdiff_t>(width - tile.x0, 0, tile_columns);
      tile.height = std::min(tile_rows, height - tile.y0);
      return tile;
    };
    for (std::ptrdiff_t column = 0; column < columns; ++column) {
      const Tile tile = tile_at(column);
      TileFetcher next(plan, tile_at(column + 1));
      subtractor.gather(tile, scratch);
      subtractor.convolve(tile, scratch, [&] {
        if (column + 1 < columns) next.fetch_some();
      });
      subtractor.finish(tile, scratch, out);
    }
  });
}

void subtract_sample(const SubtractPlan& plan, std::ptrdiff_t x0, std::ptrdiff_t y0,
                     View<float> difference) {
  const Subtractor subtractor(plan);
  const Tile tile{x0, y0, difference.width, difference.height};
  Scratch scratch(plan.kernel.radius);
  subtractor.gather(tile, scratch);
  subtractor.convolve(tile, scratch, [] {});
  Plane<MaskPixel> mask(tile.width, tile.height);
  difference_mask(plan.sharp, plan.broad, plan.reach, x0, y0, scratch.mask, mask.view());
  for (std::ptrdiff_t y = 0; y < tile.height; ++y) {
    subtractor.along_row(tile, y, scratch);
    for (std::ptrdiff_t x = 0; x < tile.width; ++x) {
      const float value = plan.broad.pixels(x0 + x, y0 + y) - scratch.model(x, y) -
                          scratch.sky[static_cast<std::size_t>(x)];
      difference(x, y) =
          (mask(x, y) & mask_bits::unusable) == 0 ? value : std::numeric_limits<float>::quiet_NaN();
    }
  }
}

}  // namespace polis
