#include "kernels/defects.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

struct Tile {
  std::ptrdiff_t x0, y0, x1, y1;
};

/// Calls `body(tile)` for tiles that cover the image, and adds up what it returns.
template <class Body>
std::size_t over_tiles(std::ptrdiff_t width, std::ptrdiff_t height, std::ptrdiff_t side,
                       Body&& body) {
  const std::ptrdiff_t columns = (width + side - 1) / side;
  const std::ptrdiff_t rows = (height + side - 1) / side;
  std::vector<std::size_t> counts(
      static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, columns * rows)));
  parallel_for(columns * rows, [&](std::ptrdiff_t i) {
    const std::ptrdiff_t x0 = i % columns * side;
    const std::ptrdiff_t y0 = i / columns * side;
    counts[static_cast<std::size_t>(i)] =
        body(Tile{x0, y0, std::min(width, x0 + side), std::min(height, y0 + side)});
  });
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

std::vector<float> values_of(View<const float> image, const Tile& t) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>((t.x1 - t.x0) * (t.y1 - t.y0)));
  for (std::ptrdiff_t y = t.y0; y < t.y1; ++y) {
    const float* row = image.row(y);
    std::copy_if(row + t.x0, row + t.x1, std::back_inserter(values),
                 [](float v) { return std::isfinite(v); });
  }
  return values;
}

float neighbour_median(View<const float> image, std::ptrdiff_t x, std::ptrdiff_t y) {
  const Tile box{std::max<std::ptrdiff_t>(0, x - 2), std::max<std::ptrdiff_t>(0, y - 2),
                 std::min(image.width, x + 3), std::min(image.height, y + 3)};
  std::vector<float> values = values_of(image, box);
  return median_in_place(values);
}

std::size_t flag_response_tile(View<const float> flat, const ResponseOptions& options,
                               View<MaskPixel> mask, const Tile& t) {
  std::vector<float> values = values_of(flat, t);
  const double level = static_cast<double>(median_in_place(values));
  std::size_t count = 0;
  for (std::ptrdiff_t y = t.y0; y < t.y1; ++y) {
    for (std::ptrdiff_t x = t.x0; x < t.x1; ++x) {
      const double response = static_cast<double>(flat(x, y));
      const double ratio = response / level;
      MaskPixel bits = 0;
      if (response < options.vignetted) bits |= mask_bits::edge;
      if (ratio < options.low) bits |= mask_bits::suspect;
      if (!(response > 0.0) || !(ratio >= options.dead && ratio <= options.high))
        bits |= mask_bits::bad;
      mask(x, y) |= bits;
      count += (bits & mask_bits::bad) != 0 ? 1U : 0U;
    }
  }
  return count;
}

struct ColumnLevels {
  std::vector<float> level;
  std::vector<float> error;
};

ColumnLevels column_levels(View<const float> block) {
  ColumnLevels columns{std::vector<float>(static_cast<std::size_t>(block.width)),
                       std::vector<float>(static_cast<std::size_t>(block.width))};
  std::vector<float> values;
  for (std::ptrdiff_t x = 0; x < block.width; ++x) {
    values.clear();
    for (std::ptrdiff_t y = 0; y < block.height; ++y) values.push_back(block(x, y));
    const Level level = clipped_level(values);
    const auto i = static_cast<std::size_t>(x);
    columns.level[i] = static_cast<float>(level.level);
    columns.error[i] = static_cast<float>(
        level.sigma / std::sqrt(static_cast<double>(std::max<std::size_t>(1, level.count))));
  }
  return columns;
}

/// Level of each column minus the median of its neighbours'.
std::vector<float> column_deviations(const ColumnLevels& columns, int half) {
  const auto n = static_cast<std::ptrdiff_t>(columns.level.size());
  std::vector<float> deviations(columns.level.size());
  std::vector<float> window;
  for (std::ptrdiff_t x = 0; x < n; ++x) {
    window.clear();
    for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, x - half); i < std::min(n, x + half + 1);
         ++i) {
      const float level = columns.level[static_cast<std::size_t>(i)];
      if (i != x && std::isfinite(level)) window.push_back(level);
    }
    const auto at = static_cast<std::size_t>(x);
    deviations[at] = columns.level[at] - median_in_place(window);
  }
  return deviations;
}

}  // namespace

std::size_t flag_hot_pixels(View<const float> dark, View<const float> variance,
                            const HotPixelOptions& options, View<MaskPixel> mask) {
  return over_tiles(dark.width, dark.height, 64, [&](const Tile& t) {
    std::vector<float> values = values_of(dark, t);
    const Level tile = clipped_level(values);
    std::size_t count = 0;
    for (std::ptrdiff_t y = t.y0; y < t.y1; ++y) {
      for (std::ptrdiff_t x = t.x0; x < t.x1; ++x) {
        const double value = static_cast<double>(dark(x, y));
        if (!(value - tile.level > options.sigma * tile.sigma)) continue;
        // Hot pixels have a larger variance of their own, which says nothing about the scatter of
        // good ones.
        const double own = variance.empty() ? 0.0 : static_cast<double>(variance(x, y));
        const double noise = std::sqrt(tile.sigma * tile.sigma + (std::isfinite(own) ? own : 0.0));
        const double excess = value - static_cast<double>(neighbour_median(dark, x, y));
        if (!(excess > options.sigma * noise && excess > options.min_excess)) continue;
        mask(x, y) |= mask_bits::hot;
        ++count;
      }
    }
    return count;
  });
}

std::size_t flag_response(View<const float> flat, const ResponseOptions& options,
                          View<MaskPixel> mask) {
  return over_tiles(flat.width, flat.height, 32,
                    [&](const Tile& t) { return flag_response_tile(flat, options, mask, t); });
}

std::size_t flag_bad_columns(View<const float> image, const BadColumnOptions& options,
                             View<MaskPixel> mask) {
  if (image.width < 2 * options.half_window) return 0;
  const std::ptrdiff_t rows = options.block_rows;
  const std::ptrdiff_t blocks = std::max<std::ptrdiff_t>(1, image.height / rows);
  std::vector<std::size_t> counts(static_cast<std::size_t>(blocks));
  parallel_for(blocks, [&](std::ptrdiff_t b) {
    const std::ptrdiff_t y0 = b * rows;
    const std::ptrdiff_t height = b + 1 == blocks ? image.height - y0 : rows;
    const ColumnLevels columns = column_levels(image.cut(0, y0, image.width, height));
    const std::vector<float> deviations = column_deviations(columns, options.half_window);
    std::vector<float> scratch = deviations;
    const Level spread = clipped_level(scratch);
    for (std::size_t x = 0; x < deviations.size(); ++x) {
      const double error = std::hypot(spread.sigma, static_cast<double>(columns.error[x]));
      const double d = static_cast<double>(deviations[x]) - spread.level;
      if (!(std::abs(d) > options.sigma * error)) continue;
      for (std::ptrdiff_t y = y0; y < y0 + height; ++y) {
        mask(static_cast<std::ptrdiff_t>(x), y) |= mask_bits::bad;
      }
      counts[static_cast<std::size_t>(b)] += static_cast<std::size_t>(height);
    }
  });
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

}  // namespace polis
