#include "kernels/snr_bins.h"

#include <algorithm>
#include <cmath>
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

/// Mean and its variance in each bin.
Sums sum_bins(View<const float> image, View<const float> variance, View<const MaskPixel> mask,
              SnrBins& bins) {
  Sums sums{Plane<float>(bins.snr.width(), bins.snr.height()),
            Plane<float>(bins.snr.width(), bins.snr.height())};
  const std::ptrdiff_t f = bins.factor;
  parallel_bands(bins.snr.height(), 8, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t y = first; y < last; ++y) {
      for (std::ptrdiff_t x = 0; x < bins.snr.width(); ++x) {
        float sum = 0.0F;
        float noise = 0.0F;
        MaskPixel any = 0;
        std::ptrdiff_t count = 0;
        for (std::ptrdiff_t j = y * f; j < (y + 1) * f; ++j) {
          for (std::ptrdiff_t i = x * f; i < (x + 1) * f; ++i) {
            const MaskPixel bits = mask(i, j);
            any |= bits;
            if ((bits & kLeftOut) != 0) continue;
            sum += image(i, j);
            noise += variance(i, j);
            ++count;
          }
        }
        bins.saturated(x, y) = (any & (mask_bits::saturated | mask_bits::bleed)) != 0 ? 1 : 0;
        const bool used = 2 * count >= f * f && bins.saturated(x, y) == 0;
        bins.used(x, y) = used ? 1 : 0;
        const float n = static_cast<float>(std::max<std::ptrdiff_t>(1, count));
        sums.mean(x, y) = sum / n;
        sums.variance(x, y) = noise / (n * n);
      }
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
  std::vector<float> values;
  std::vector<float> variances;
  for (std::ptrdiff_t y = ty * kTile; y < std::min(bins.snr.height(), (ty + 1) * kTile); ++y) {
    for (std::ptrdiff_t x = tx * kTile; x < std::min(bins.snr.width(), (tx + 1) * kTile); ++x) {
      if (bins.used(x, y) == 0) continue;
      values.push_back(sums.mean(x, y));
      variances.push_back(sums.variance(x, y));
    }
  }
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
  const std::ptrdiff_t columns = (w + kTile - 1) / kTile;
  const std::ptrdiff_t rows = (h + kTile - 1) / kTile;
  std::vector<Tile> tiles(static_cast<std::size_t>(columns * rows));
  parallel_for(columns * rows, [&](std::ptrdiff_t i) {
    tiles[static_cast<std::size_t>(i)] = tile_of(sums, bins, i % columns, i / columns);
  });
  fill_gaps(tiles);
  const auto tile = [&](std::ptrdiff_t tx, std::ptrdiff_t ty) -> const Tile& {
    return tiles[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(ty, 0, rows - 1) * columns +
                                          std::clamp<std::ptrdiff_t>(tx, 0, columns - 1))];
  };
  parallel_bands(h, 8, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t y = first; y < last; ++y) {
      const float v = (static_cast<float>(y) + 0.5F) / static_cast<float>(kTile) - 0.5F;
      const auto ty = static_cast<std::ptrdiff_t>(std::floor(v));
      const float fy = v - static_cast<float>(ty);
      for (std::ptrdiff_t x = 0; x < w; ++x) {
        if (bins.used(x, y) == 0) continue;
        const float u = (static_cast<float>(x) + 0.5F) / static_cast<float>(kTile) - 0.5F;
        const auto tx = static_cast<std::ptrdiff_t>(std::floor(u));
        const float fx = u - static_cast<float>(tx);
        const float low = tile(tx, ty).level * (1.0F - fx) + tile(tx + 1, ty).level * fx;
        const float high = tile(tx, ty + 1).level * (1.0F - fx) + tile(tx + 1, ty + 1).level * fx;
        const float level = low * (1.0F - fy) + high * fy;
        const float sigma =
            tile(x / kTile, y / kTile).excess * std::sqrt(std::max(1e-20F, sums.variance(x, y)));
        bins.snr(x, y) = (sums.mean(x, y) - level) / sigma;
      }
    }
  });
  return bins;
}

}  // namespace polis
