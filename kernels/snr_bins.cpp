#include "kernels/snr_bins.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kTile = 24;
constexpr MaskPixel kLeftOut = mask_bits::unusable & ~mask_bits::trail;

struct Sums {
  Plane<float> mean, variance;
};

/// Sums over the pixels of a few rows, column by column.
struct ColumnSums {
  std::vector<float> light, noise;
  std::vector<std::int32_t> count;
  std::vector<MaskPixel> any;  // all bits that occur
  explicit ColumnSums(std::ptrdiff_t width)
      : light(static_cast<std::size_t>(width)),
        noise(light.size()),
        count(light.size()),
        any(light.size()) {}
  void clear() {
    std::fill(light.begin(), light.end(), 0.0F);
    std::fill(noise.begin(), noise.end(), 0.0F);
    std::fill(count.begin(), count.end(), 0);
    std::fill(any.begin(), any.end(), 0);
  }
  void add(const float* image, const float* variance, const MaskPixel* mask) {
    float* __restrict to_light = light.data();
    float* __restrict to_noise = noise.data();
    std::int32_t* __restrict to_count = count.data();
    MaskPixel* __restrict to_any = any.data();
    for (std::size_t i = 0; i < light.size(); ++i) {
      const bool kept = (mask[i] & kLeftOut) == 0;
      to_light[i] += kept ? image[i] : 0.0F;
      to_noise[i] += kept ? variance[i] : 0.0F;
      to_count[i] += kept ? 1 : 0;
      to_any[i] |= mask[i];
    }
  }
};

/// Makes the bins of row y from their columns.
template <class Factor>
void join_columns(const ColumnSums& columns, Factor factor, std::ptrdiff_t y, Sums& sums,
                  SnrBins& bins) {
  const std::ptrdiff_t f = factor;
  float* __restrict mean = &sums.mean(0, y);
  float* __restrict variance = &sums.variance(0, y);
  std::uint8_t* __restrict saturated = &bins.saturated(0, y);
  std::uint8_t* __restrict used = &bins.used(0, y);
  for (std::ptrdiff_t x = 0; x < bins.snr.width(); ++x) {
    float light = 0.0F;
    float noise = 0.0F;
    MaskPixel any = 0;
    std::int32_t count = 0;
    for (auto i = static_cast<std::size_t>(x * f); i < static_cast<std::size_t>(x * f + f); ++i) {
      light += columns.light[i];
      noise += columns.noise[i];
      any |= columns.any[i];
      count += columns.count[i];
    }
    const bool full = (any & (mask_bits::saturated | mask_bits::bleed)) != 0;
    saturated[x] = full ? 1 : 0;
    used[x] = 2 * count >= f * f && !full ? 1 : 0;
    const float n = static_cast<float>(std::max(1, count));
    mean[x] = light / n;
    variance[x] = noise / (n * n);
  }
}

/// Mean and its variance in each bin.
Sums sum_bins(View<const float> image, View<const float> variance, View<const MaskPixel> mask,
              SnrBins& bins) {
  Sums sums{Plane<float>(bins.snr.width(), bins.snr.height()),
            Plane<float>(bins.snr.width(), bins.snr.height())};
  const std::ptrdiff_t f = bins.factor;
  parallel_bands(bins.snr.height(), 8, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    ColumnSums columns(bins.snr.width() * f);
    for (std::ptrdiff_t y = first; y < last; ++y) {
      columns.clear();
      for (std::ptrdiff_t j = y * f; j < (y + 1) * f; ++j)
        columns.add(image.row(j), variance.row(j), mask.row(j));
      // Twofold is what most frames are binned: a number that the compiler knows.
      f == 2 ? join_columns(columns, std::integral_constant<std::ptrdiff_t, 2>(), y, sums, bins)
             : join_columns(columns, f, y, sums, bins);
    }
  });
  return sums;
}

/// Level and relative scatter of one tile.
struct Tile {
  float level = 0.0F;
  float excess = 1.0F;  ///< scatter over what the variance says, at least 1
};

Tile tile_of(const Sums& sums, const SnrBins& bins, std::ptrdiff_t tx, std::ptrdiff_t ty) {
  std::vector<float> values(static_cast<std::size_t>(kTile * kTile));
  std::vector<float> variances(values.size());
  std::size_t count = 0;
  for (std::ptrdiff_t y = ty * kTile; y < std::min(bins.snr.height(), (ty + 1) * kTile); ++y) {
    for (std::ptrdiff_t x = tx * kTile; x < std::min(bins.snr.width(), (tx + 1) * kTile); ++x) {
      values[count] = sums.mean(x, y);
      variances[count] = sums.variance(x, y);
      count += bins.used(x, y) != 0 ? 1U : 0U;
    }
  }
  values.resize(count);
  variances.resize(count);
  if (values.size() < 16) return {std::nanf(""), 1.0F};
  const float level = median_in_place(values);
  for (float& v : values) v = std::abs(v - level);
  const float sigma = 1.4826F * median_in_place(values);
  const float expected = std::sqrt(std::max(1e-20F, median_in_place(variances)));
  return {level, std::max(1.0F, sigma / expected)};
}

/// Tiles without values take the mean of all that have one.
void fill_gaps(std::vector<Tile>& tiles) {
  double sum = 0.0;
  int count = 0;
  for (const Tile& tile : tiles) {
    if (std::isnan(tile.level)) continue;
    sum += static_cast<double>(tile.level);
    ++count;
  }
  const float mean = count > 0 ? static_cast<float>(sum / count) : 0.0F;
  for (Tile& tile : tiles) tile.level = std::isnan(tile.level) ? mean : tile.level;
}

/// The tiles of an image.
struct Tiles {
  std::ptrdiff_t columns, rows;
  std::vector<Tile> tiles;
  const Tile& at(std::ptrdiff_t tx, std::ptrdiff_t ty) const {
    return tiles[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(ty, 0, rows - 1) * columns +
                                          std::clamp<std::ptrdiff_t>(tx, 0, columns - 1))];
  }
};

/// Where bin `i` lies between the middles of two tiles: the first, and the share of the second.
std::pair<std::ptrdiff_t, float> between(std::ptrdiff_t i) {
  const float u = (static_cast<float>(i) + 0.5F) / static_cast<float>(kTile) - 0.5F;
  const float whole = std::floor(u);
  return {static_cast<std::ptrdiff_t>(whole), u - whole};
}

/// Turns the means of one row into S/N; `level` and `excess` are memory for the row.
void scale_row(const Sums& sums, const Tiles& tiles, std::ptrdiff_t y, std::vector<float>& level,
               std::vector<float>& excess, SnrBins& bins) {
  const auto [ty, fy] = between(y);
  const std::ptrdiff_t w = bins.snr.width();
  for (std::ptrdiff_t x = 0; x < w;) {
    // Up to the next middle of a tile, or border between two.
    const std::ptrdiff_t end = std::min(w, (x / (kTile / 2) + 1) * (kTile / 2));
    const std::ptrdiff_t tx = between(x).first;
    const auto mix = [&](std::ptrdiff_t t) {
      return tiles.at(t, ty).level * (1.0F - fy) + tiles.at(t, ty + 1).level * fy;
    };
    const float left = mix(tx), right = mix(tx + 1);
    const float ratio = tiles.at(x / kTile, y / kTile).excess;
    for (; x < end; ++x) {
      const float fx = between(x).second;
      level[static_cast<std::size_t>(x)] = left * (1.0F - fx) + right * fx;
      excess[static_cast<std::size_t>(x)] = ratio;
    }
  }
  const float* mean = &sums.mean(0, y);
  const float* variance = &sums.variance(0, y);
  const std::uint8_t* used = &bins.used(0, y);
  float* __restrict snr = &bins.snr(0, y);
  for (std::ptrdiff_t x = 0; x < w; ++x) {
    const auto i = static_cast<std::size_t>(x);
    const float v = variance[x] > 1e-20F ? variance[x] : 1e-20F;
    const float value = (mean[x] - level[i]) / (excess[i] * std::sqrt(v));
    snr[x] = used[x] != 0 ? value : 0.0F;
  }
}

}  // namespace

SnrBins bin_snr(View<const float> image, View<const float> variance, View<const MaskPixel> mask,
                std::ptrdiff_t factor) {
  SnrBins bins;
  bins.factor = factor;
  const std::ptrdiff_t w = image.width / factor;
  const std::ptrdiff_t h = image.height / factor;
  bins.snr = Plane<float>(w, h);
  bins.used = Plane<std::uint8_t>(w, h);
  bins.saturated = Plane<std::uint8_t>(w, h);
  if (bins.snr.empty()) return bins;
  const Sums sums = sum_bins(image, variance, mask, bins);
  Tiles tiles{(w + kTile - 1) / kTile, (h + kTile - 1) / kTile, {}};
  tiles.tiles.resize(static_cast<std::size_t>(tiles.columns * tiles.rows));
  parallel_for(tiles.columns * tiles.rows, [&](std::ptrdiff_t i) {
    tiles.tiles[static_cast<std::size_t>(i)] =
        tile_of(sums, bins, i % tiles.columns, i / tiles.columns);
  });
  fill_gaps(tiles.tiles);
  parallel_bands(h, 8, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    std::vector<float> level(static_cast<std::size_t>(w)), excess(level.size());
    for (std::ptrdiff_t y = first; y < last; ++y) scale_row(sums, tiles, y, level, excess, bins);
  });
  return bins;
}

}  // namespace polis
