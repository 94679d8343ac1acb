#include "kernels/difference_score.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/difference_spectrum.h"
#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

// A score for which less than this part of the usual variance counts has hardly any pixels.
constexpr float kLeastPart = 0.1F;
// Of the variance on the sky; less makes no difference.
constexpr double kUnnoticed = 0.005;

/// Copies the rectangle of `out`'s size that starts at (x0, y0); what lies outside is 0.
void gather(View<const float> image, std::ptrdiff_t x0, std::ptrdiff_t y0, View<float> out) {
  const std::ptrdiff_t first = std::clamp<std::ptrdiff_t>(x0, 0, image.width);
  const std::ptrdiff_t last = std::clamp<std::ptrdiff_t>(x0 + out.width, first, image.width);
  for (std::ptrdiff_t j = 0; j < out.height; ++j) {
    float* to = out.row(j);
    const std::ptrdiff_t y = y0 + j;
    if (y < 0 || y >= image.height || first == last) {
      std::fill_n(to, out.width, 0.0F);
      continue;
    }
    std::fill_n(to, first - x0, 0.0F);
    std::copy(image.row(y) + first, image.row(y) + last, to + (first - x0));
    std::fill(to + (last - x0), to + out.width, 0.0F);
  }
}

/// Median of the values above 0 of a cell of a plane binned 2 x 2.
double median_above_zero(View<const float> half, std::ptrdiff_t x0, std::ptrdiff_t y0,
                         double fallback) {
  constexpr std::ptrdiff_t step = 5;
  std::vector<float> values;
  const std::ptrdiff_t cell = ScoreFilterGrid::cell_px / 2;
  for (std::ptrdiff_t y = y0; y < std::min(half.height, y0 + cell); y += step) {
    for (std::ptrdiff_t x = x0; x < std::min(half.width, x0 + cell); x += step) {
      if (half(x, y) > 0.0F) values.push_back(half(x, y));
    }
  }
  return values.size() < 16 ? fallback : static_cast<double>(median_in_place(values));
}

struct Tile {
  std::ptrdiff_t x0, y0, width, height;
};

/// Filters the part of a plane that belongs to a tile; whole blocks into `out`.
void filter_tile(View<const float> image, const BlockTaps& taps, std::ptrdiff_t x0,
                 std::ptrdiff_t y0, Plane<float>& around, View<float> out) {
  const std::ptrdiff_t radius = taps.radius();
  const std::ptrdiff_t width = out.width + 2 * radius;
  const std::ptrdiff_t height = out.height + 2 * radius;
  if (around.size() < width * height) around = Plane<float>(width, height);
  const View<float> in(around.data(), width, height);
  gather(image, x0 - radius, y0 - radius, in);
  correlate_block(in, taps, out);
}

/// Between the four nearest values of a plane binned 2 x 2 that starts one bin before the tile.
void double_row(View<const float> half, std::ptrdiff_t y, std::ptrdiff_t width,
                float* __restrict out) {
  const float* __restrict near = half.row(y / 2 + 1);
  const float* __restrict far = half.row(y / 2 + (y % 2 == 0 ? 0 : 2));
  for (std::ptrdiff_t i = 0; 2 * i < width; ++i) {
    const float before = 0.75F * near[i] + 0.25F * far[i];
    const float here = 0.75F * near[i + 1] + 0.25F * far[i + 1];
    const float after = 0.75F * near[i + 2] + 0.25F * far[i + 2];
    out[2 * i] = 0.75F * here + 0.25F * before;
    out[2 * i + 1] = 0.75F * here + 0.25F * after;
  }
}

/// [bins] By how much the light is known around a tile, and how far a kernel carries it.
constexpr std::ptrdiff_t kLightMargin = block_columns / 2;
constexpr std::ptrdiff_t kKernelBins = 5;
/// Bins of a tile, and with one more on each side, up to whole blocks.
constexpr std::ptrdiff_t kHalfColumns = tile_columns / 2;
constexpr std::ptrdiff_t kHalfRows = tile_rows / 2;
constexpr std::ptrdiff_t kWideColumns = kHalfColumns + block_columns;
constexpr std::ptrdiff_t kWideRows = kHalfRows + block_rows;
constexpr std::ptrdiff_t kLightRows = kHalfRows + 2 * kLightMargin;

struct Scratch {
  Plane<float> around;
  Plane<float> full{tile_columns, tile_rows};
  Plane<float> variance{kWideColumns, kWideRows};
  Plane<float> sharp{kWideColumns, kWideRows};
  Plane<float> light{kWideColumns, kLightRows};
  Plane<float> rows{kWideColumns, kLightRows};
  Plane<float> around_light{kWideColumns, kLightRows};
  std::vector<float> row = std::vector<float>(tile_columns + 2);
};

/// Calls `body(tile, scratch)` for all tiles; a row of them shares its memory.
template <class Body>
void for_tiles(std::ptrdiff_t width, std::ptrdiff_t height, Body&& body) {
  const std::ptrdiff_t rows = (height + tile_rows - 1) / tile_rows;
  parallel_for(rows, [&](std::ptrdiff_t row) {
    Scratch scratch;
    for (std::ptrdiff_t x0 = 0; x0 < width; x0 += tile_columns) {
      const std::ptrdiff_t y0 = row * tile_rows;
      body(Tile{x0, y0, std::min(tile_columns, width - x0), std::min(tile_rows, height - y0)},
           scratch);
    }
  });
}

/// to = usable ? from : 0; v = usable ? v x broad + sharp : 0.
void keep_usable(const MaskPixel* __restrict mask, const float* __restrict from,
                 const float* __restrict sharp, float broad, std::ptrdiff_t width,
                 float* __restrict to, float* __restrict v) {
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const bool usable = (mask[x] & mask_bits::unusable) == 0;
    const float variance = broad * v[x] + sharp[x];
    to[x] = usable ? from[x] : 0.0F;
    v[x] = usable ? variance : 0.0F;
  }
}

void divide_row(const MaskPixel* __restrict mask, const float* __restrict from,
                const float* __restrict variance, float least, std::ptrdiff_t width,
                float* __restrict to) {
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const bool good = (mask[x] & mask_bits::unusable) == 0 && variance[x] > least;
    const float ratio = from[x] / std::sqrt(variance[x] > least ? variance[x] : 1.0F);
    to[x] = good ? ratio : 0.0F;
  }
}

}  // namespace

ScoreFilterGrid::ScoreFilterGrid(const ScoreInput& input) {
  columns_ = (input.difference.width + cell_px - 1) / cell_px;
  const std::ptrdiff_t rows = (input.difference.height + cell_px - 1) / cell_px;
  filters_.resize(static_cast<std::size_t>(columns_ * rows));
  const SquareFft fft(score_filter_side(input.kernel.radius));
  const std::vector<float> shape = measure_noise_shape(input, fft);
  parallel_for(columns_ * rows, [&](std::ptrdiff_t i) {
    const std::ptrdiff_t x0 = (i % columns_) * cell_px;
    const std::ptrdiff_t y0 = (i / columns_) * cell_px;
    const Plane<float> kernel = input.kernel.evaluate(static_cast<double>(x0) + 0.5 * cell_px,
                                                      static_cast<double>(y0) + 0.5 * cell_px);
    const LocalNoise noise{
        kernel.view(), input.psf,
        median_above_zero(input.sharp_variance_half, x0 / 2, y0 / 2, input.sharp_variance),
        median_above_zero(input.broad_variance_half, x0 / 2, y0 / 2, input.broad_variance), shape};
    filters_[static_cast<std::size_t>(i)] = make_score_filters(noise, fft);
  });
}

void decorrelate_difference(const ScoreInput& input, const ScoreFilterGrid& filters,
                            View<float> decorrelated, View<float> variance) {
  for_tiles(decorrelated.width, decorrelated.height, [&](const Tile& tile, Scratch& scratch) {
    const ScoreFilters& filter = filters.at(tile.x0, tile.y0);
    filter_tile(input.difference, filter.decorrelate, tile.x0, tile.y0, scratch.around,
                scratch.full.view());
    filter_tile(input.sharp_variance_half, filter.sharp_after_half, tile.x0 / 2 - 1,
                tile.y0 / 2 - 1, scratch.around, scratch.sharp.view());
    for (std::ptrdiff_t y = 0; y < tile.height; ++y) {
      const MaskPixel* mask = input.mask.row(tile.y0 + y) + tile.x0;
      double_row(scratch.sharp.view(), y, tile.width, scratch.row.data());
      keep_usable(mask, scratch.full.view().row(y), scratch.row.data(), filter.broad_after,
                  tile.width, decorrelated.row(tile.y0 + y) + tile.x0,
                  variance.row(tile.y0 + y) + tile.x0);
    }
  });
}

namespace {

/// Mean of the squares over (2 reach + 1)^2 values around each; valid `reach` away from the border.
void mean_square(const Plane<float>& in, std::ptrdiff_t reach, Plane<float>& rows,
                 Plane<float>& out) {
  const std::ptrdiff_t width = in.width();
  const std::ptrdiff_t inner = width - 2 * reach;
  const float part = 1.0F / static_cast<float>((2 * reach + 1) * (2 * reach + 1));
  std::array<float, static_cast<std::size_t>(kWideColumns)> squares{};
  for (std::ptrdiff_t y = 0; y < in.height(); ++y) {
    const float* from = in.view().row(y);
    for (std::ptrdiff_t x = 0; x < width; ++x) {
      squares[static_cast<std::size_t>(x)] = part * from[x] * from[x];
    }
    float* __restrict to = rows.view().row(y) + reach;
    std::copy_n(squares.data(), inner, to);
    for (std::ptrdiff_t k = 1; k <= 2 * reach; ++k) {
      for (std::ptrdiff_t x = 0; x < inner; ++x) to[x] += squares[static_cast<std::size_t>(x + k)];
    }
  }
  for (std::ptrdiff_t y = reach; y + reach < in.height(); ++y) {
    float* __restrict to = out.view().row(y) + reach;
    std::copy_n(rows.view().row(y - reach) + reach, inner, to);
    for (std::ptrdiff_t k = 1 - reach; k <= reach; ++k) {
      const float* __restrict from = rows.view().row(y + k) + reach;
      for (std::ptrdiff_t x = 0; x < inner; ++x) to[x] += from[x];
    }
  }
}

double highest_square(const Plane<float>& light) {
  float highest = 0.0F;
  for (std::ptrdiff_t i = 0; i < light.size(); ++i) {
    const float square = light.data()[i] * light.data()[i];
    highest = highest > square ? highest : square;
  }
  return static_cast<double>(highest);
}

/// Adds to the variance what an uncertain kernel does near stars: in the light and in its slope,
/// as far as stars show it; and, of what the fit does not know, as far as the kernel reaches.
void add_kernel_noise(const MatchScatter& scatter, double unknown, float sky_variance,
                      Scratch& scratch) {
  const Plane<float>& light = scratch.light;
  const double errors = scatter.light * scatter.light + 2.0 * unknown * unknown +
                        scatter.registration_px * scatter.registration_px;
  if (errors * highest_square(light) < kUnnoticed * static_cast<double>(sky_variance)) return;
  mean_square(light, kKernelBins, scratch.rows, scratch.around_light);
  const auto amount = static_cast<float>(scatter.light * scatter.light + unknown * unknown);
  const auto around = static_cast<float>(unknown * unknown);
  // Neighbours in the plane are 2 px apart, so those of a bin are 4 px apart.
  const auto shift = static_cast<float>(scatter.registration_px * scatter.registration_px / 16.0);
  for (std::ptrdiff_t j = 0; j < kHalfRows + 2; ++j) {
    const std::ptrdiff_t y = j + kLightMargin - 1;
    const float* __restrict above = light.view().row(y - 1) + kLightMargin - 1;
    const float* __restrict here = light.view().row(y) + kLightMargin - 1;
    const float* __restrict below = light.view().row(y + 1) + kLightMargin - 1;
    const float* __restrict mean = scratch.around_light.view().row(y) + kLightMargin - 1;
    float* __restrict to = scratch.variance.view().row(j);
    for (std::ptrdiff_t i = 0; i < kHalfColumns + 2; ++i) {
      const float dx = here[i + 1] - here[i - 1];
      const float dy = below[i] - above[i];
      to[i] += amount * here[i] * here[i] + shift * (dx * dx + dy * dy) + around * mean[i];
    }
  }
}

/// Light above the usual level of the tile.
void take_off_level(const View<const float>& model, const Tile& tile, float per_level,
                    Plane<float>& light) {
  std::vector<float> sample;
  for (std::ptrdiff_t y = tile.y0 / 2; y < std::min(model.height, tile.y0 / 2 + kHalfRows);
       y += 4) {
    for (std::ptrdiff_t x = tile.x0 / 2; x < std::min(model.width, tile.x0 / 2 + kHalfColumns);
         x += 4) {
      sample.push_back(model(x, y));
    }
  }
  if (sample.empty()) return;
  const float level = per_level * median_in_place(sample);
  for (std::ptrdiff_t i = 0; i < light.size(); ++i) light.data()[i] -= level;
}

}  // namespace

void score_difference(const ScoreInput& input, const ScoreFilterGrid& filters,
                      View<const float> decorrelated, View<float> score) {
  for_tiles(score.width, score.height, [&](const Tile& tile, Scratch& scratch) {
    const ScoreFilters& filter = filters.at(tile.x0, tile.y0);
    const std::ptrdiff_t x_half = tile.x0 / 2 - 1;
    const std::ptrdiff_t y_half = tile.y0 / 2 - 1;
    filter_tile(decorrelated, filter.match, tile.x0, tile.y0, scratch.around, scratch.full.view());
    filter_tile(input.broad_variance_half, filter.noise_broad_half, x_half, y_half, scratch.around,
                scratch.variance.view());
    filter_tile(input.sharp_variance_half, filter.noise_sharp_half, x_half, y_half, scratch.around,
                scratch.sharp.view());
    for (std::ptrdiff_t i = 0; i < scratch.sharp.size(); ++i) {
      scratch.variance.data()[i] += scratch.sharp.data()[i];
    }
    filter_tile(input.model_half, filter.match_half, tile.x0 / 2 - kLightMargin,
                tile.y0 / 2 - kLightMargin, scratch.around, scratch.light.view());
    take_off_level(input.model_half, tile, filter.match_half.sum(), scratch.light);
    const double unknown = input.fit.light_error(
        static_cast<double>(tile.x0) + 0.5 * static_cast<double>(tile.width),
        static_cast<double>(tile.y0) + 0.5 * static_cast<double>(tile.height));
    add_kernel_noise(input.scatter, unknown, filter.sky_variance, scratch);
    const float least = kLeastPart * filter.sky_variance;
    for (std::ptrdiff_t y = 0; y < tile.height; ++y) {
      const MaskPixel* mask = input.mask.row(tile.y0 + y) + tile.x0;
      double_row(scratch.variance.view(), y, tile.width, scratch.row.data());
      divide_row(mask, scratch.full.view().row(y), scratch.row.data(), least, tile.width,
                 score.row(tile.y0 + y) + tile.x0);
    }
  });
}

}  // namespace polis
