#include "kernels/cosmic_rays.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "kernels/laplacian.h"
#include "kernels/median_filter.h"
#include "kernels/parallel.h"
#include "kernels/robust.h"
#include "kernels/star_shape.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kTile = 64;
constexpr MaskPixel kDefects = mask_bits::unusable & ~(mask_bits::cosmic_ray | mask_bits::trail);
constexpr MaskPixel kSaturated = mask_bits::saturated | mask_bits::bleed;
constexpr double kDefaultFwhm = 2.5;
/// Scatter of S' and of F in plain noise, measured: a hit must pass the contrast by this many of
/// them.
constexpr double kLaplacianScatter = 1.1;
constexpr double kStructureScatter = 0.45;
constexpr double kContrastMargin = 2.2;
/// What a hit has above the local median, in units of the noise.
constexpr float kLeastExcess = 3.0F;
/// What a saturated star has at least within 7 x 7 pixels; a thin hit has at most that many.
constexpr std::ptrdiff_t kMinSaturatedBlob = 8;

/// What stands still while one iteration looks for new hits.
struct Search {
  Plane<float> image;  ///< hits found so far are replaced by their neighbours
  Plane<float> variance;
  Plane<std::uint8_t> blocked;  ///< never marked
  Plane<std::uint8_t> hit;
  CosmicRayOptions options;
  float contrast = 0.0F;
  float contrast_margin = 0.0F;  ///< by which S' must pass contrast x F
  StarSharpness sharpest;
};

struct TileBox {
  std::ptrdiff_t x0, y0, width, height;
};

TileBox tile_box(std::ptrdiff_t i, std::ptrdiff_t columns, std::ptrdiff_t width,
                 std::ptrdiff_t height) {
  const std::ptrdiff_t x0 = i % columns * kTile;
  const std::ptrdiff_t y0 = i / columns * kTile;
  return {x0, y0, std::min(kTile, width - x0), std::min(kTile, height - y0)};
}

/// Median of the pixels within `radius` that are neither defective nor hit; false where there are
/// none.
bool clean_median(const Search& s, View<const MaskPixel> mask, View<const float> from,
                  std::ptrdiff_t x, std::ptrdiff_t y, std::ptrdiff_t radius, float& result) {
  std::array<float, 81> values;
  std::size_t count = 0;
  for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, y - radius);
       j <= std::min(from.height - 1, y + radius); ++j) {
    for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, x - radius);
         i <= std::min(from.width - 1, x + radius); ++i) {
      if ((mask(i, j) & kDefects) == 0 && s.hit(i, j) == 0) values[count++] = from(i, j);
    }
  }
  if (count == 0) return false;
  result = median_in_place(std::span(values).first(count));
  return true;
}

/// Replaces the pixels of a tile that `wanted` names by the median of their clean neighbours.
template <class Wanted>
void replace_in(const TileBox& t, View<const MaskPixel> mask, Search& s, Wanted&& wanted) {
  for (std::ptrdiff_t y = t.y0; y < t.y0 + t.height; ++y) {
    unsigned count = 0;
    for (std::ptrdiff_t x = t.x0; x < t.x0 + t.width; ++x) count += wanted(x, y) ? 1U : 0U;
    if (count == 0) continue;  // as in most rows, which that loop passes quickly
    for (std::ptrdiff_t x = t.x0; x < t.x0 + t.width; ++x) {
      if (!wanted(x, y)) continue;
      for (const std::ptrdiff_t radius : {2, 4}) {
        float value = 0.0F;
        float variance = 0.0F;
        if (!clean_median(s, mask, s.image.view(), x, y, radius, value)) continue;
        clean_median(s, mask, s.variance.view(), x, y, radius, variance);
        s.image(x, y) = value;
        s.variance(x, y) = variance;
        break;
      }
    }
  }
}

std::ptrdiff_t saturated_around(View<const MaskPixel> mask, const TileBox& t) {
  std::ptrdiff_t count = 0;
  const std::ptrdiff_t x1 = std::min(mask.width, t.x0 + t.width);
  const std::ptrdiff_t y1 = std::min(mask.height, t.y0 + t.height);
  for (std::ptrdiff_t y = std::max<std::ptrdiff_t>(0, t.y0); y < y1; ++y) {
    const MaskPixel* row = mask.row(y);
    count += std::count_if(row + std::max<std::ptrdiff_t>(0, t.x0), row + x1,
                           [](MaskPixel m) { return (m & kSaturated) != 0; });
  }
  return count;
}

/// Blocks defects, and what surrounds the saturated core of a star: its edge is as sharp as a
/// hit's.
void block(View<const MaskPixel> mask, const TileBox& t, Plane<std::uint8_t>& blocked) {
  const bool stars =
      saturated_around(mask, {t.x0 - 3, t.y0 - 3, t.width + 6, t.height + 6}) >= kMinSaturatedBlob;
  for (std::ptrdiff_t y = t.y0; y < t.y0 + t.height; ++y) {
    const MaskPixel* bits = &mask(t.x0, y);
    std::uint8_t* __restrict to = &blocked(t.x0, y);
    for (std::ptrdiff_t k = 0; k < t.width; ++k) to[k] = (bits[k] & kDefects) != 0 ? 1 : 0;
    for (std::ptrdiff_t k = 0; stars && k < t.width; ++k) {
      if (to[k] == 0 && saturated_around(mask, {t.x0 + k - 3, y - 3, 7, 7}) >= kMinSaturatedBlob)
        to[k] = 1;
    }
  }
}

/// Whether the peak at or beside (x, y) falls off no faster than a star's in any direction. What
/// lies in defects or beyond the border is not known and may be a star's.
bool looks_like_star(const Search& s, std::ptrdiff_t x, std::ptrdiff_t y, float background,
                     float noise) {
  const View<const float> image = s.image.view();
  std::ptrdiff_t px = x;
  std::ptrdiff_t py = y;
  const auto known = [&](std::ptrdiff_t i, std::ptrdiff_t j) {
    return image.contains(i, j) && s.blocked(i, j) == 0;
  };
  for (std::ptrdiff_t j = y - 1; j <= y + 1; ++j) {
    for (std::ptrdiff_t i = x - 1; i <= x + 1; ++i) {
      if (known(i, j) && image(i, j) > image(px, py)) {
        px = i;
        py = j;
      }
    }
  }
  const double peak = static_cast<double>(image(px, py) - background);
  // Where the faintest neighbour would drown in the noise the shape says nothing.
  if (s.sharpest.side * peak < 2.0 * static_cast<double>(noise)) return false;
  for (std::ptrdiff_t dy = -1; dy <= 1; ++dy) {
    for (std::ptrdiff_t dx = -1; dx <= 1; ++dx) {
      if ((dx == 0 && dy == 0) || !known(px + dx, py + dy)) continue;
      const double least = (dx == 0 || dy == 0 ? s.sharpest.side : s.sharpest.corner) * peak;
      if (static_cast<double>(image(px + dx, py + dy) - background + noise) < least) return false;
    }
  }
  return true;
}

/// The faintest background within two pixels: beside a brighter star the median holds some of that
/// star's light.
float lowest_near(View<const float> background, std::ptrdiff_t x, std::ptrdiff_t y) {
  float lowest = background(x, y);
  for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, y - 2);
       j <= std::min(background.height - 1, y + 2); ++j) {
    for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, x - 2);
         i <= std::min(background.width - 1, x + 2); ++i) {
      lowest = std::min(lowest, background(i, j));
    }
  }
  return lowest;
}

/// Marks of the pixels within one of a mark whose Laplacian is above `limit`; new ones only where
/// `may_be_hit` says so.
/// @param marks  size of `significance`, whose border of `inset` pixels is not needed any more
template <class MayBeHit>
void grow(View<const float> significance, float limit, std::ptrdiff_t inset, MayBeHit&& may_be_hit,
          Plane<std::uint8_t>& marks) {
  Plane<std::uint8_t> grown(marks.width(), marks.height());
  for (std::ptrdiff_t y = inset; y < marks.height() - inset; ++y) {
    for (std::ptrdiff_t x = inset; x < marks.width() - inset; ++x) {
      if (!(significance(x, y) > limit)) continue;
      bool beside = false;
      for (std::ptrdiff_t j = y - 1; j <= y + 1; ++j) {
        for (std::ptrdiff_t i = x - 1; i <= x + 1; ++i) beside |= marks(i, j) != 0;
      }
      grown(x, y) = marks(x, y) != 0 || (beside && may_be_hit(x, y)) ? 1 : 0;
    }
  }
  marks = std::move(grown);
}

/// Whether a pixel stands out by itself: the Laplacian is as high beside a dark pixel.
bool is_bright(const Search& s, const TileBox& t, const LaplacianTile& tile, std::ptrdiff_t x,
               std::ptrdiff_t y) {
  const std::ptrdiff_t ix = t.x0 + x - kLaplacianMargin;
  const std::ptrdiff_t iy = t.y0 + y - kLaplacianMargin;
  return s.image.view().contains(ix, iy) &&
         s.image(ix, iy) - tile.background(x, y) > kLeastExcess * tile.noise(x, y);
}

/// Looks for hits in one tile; new ones are set in `found`. @return how many
std::size_t search_tile(const Search& s, const TileBox& t, Plane<std::uint8_t>& found) {
  const LaplacianTile tile =
      laplacian_tile(s.image.view(), s.variance.view(), t.x0, t.y0, t.width, t.height);
  Plane<std::uint8_t> marks(tile.significance.width(), tile.significance.height());
  bool any = false;
  const auto may_be_hit = [&](std::ptrdiff_t x, std::ptrdiff_t y) {
    const std::ptrdiff_t ix = t.x0 + x - kLaplacianMargin;
    const std::ptrdiff_t iy = t.y0 + y - kLaplacianMargin;
    return s.image.view().contains(ix, iy) && s.blocked(ix, iy) == 0 &&
           !looks_like_star(s, ix, iy, lowest_near(tile.background.view(), x, y), tile.noise(x, y));
  };
  for (std::ptrdiff_t y = 0; y < marks.height(); ++y) {
    const float* significance = &tile.significance(0, y);
    const float* structure = &tile.structure(0, y);
    for (std::ptrdiff_t x = 0; x < marks.width(); ++x) {
      if (!(significance[x] > s.options.sigma_clip)) continue;
      if (!(significance[x] > s.contrast * structure[x] + s.contrast_margin)) continue;
      if (!is_bright(s, t, tile, x, y) || !may_be_hit(x, y)) continue;
      marks(x, y) = 1;
      any = true;
    }
  }
  if (!any) return 0;
  const View<const float> significance = tile.significance.view();
  grow(significance, s.options.sigma_clip, 1, may_be_hit, marks);
  grow(significance, s.options.sigma_clip * s.options.neighbour_fraction, 2, may_be_hit, marks);
  std::size_t count = 0;
  for (std::ptrdiff_t y = 0; y < t.height; ++y) {
    for (std::ptrdiff_t x = 0; x < t.width; ++x) {
      const std::ptrdiff_t ix = t.x0 + x;
      const std::ptrdiff_t iy = t.y0 + y;
      if (marks(x + kLaplacianMargin, y + kLaplacianMargin) == 0) continue;
      if (s.blocked(ix, iy) != 0 || s.hit(ix, iy) != 0) continue;
      found(ix, iy) = 1;
      ++count;
    }
  }
  return count;
}

Search prepare(View<const float> image, View<const float> variance, const CosmicRayOptions& options,
               double fwhm_px) {
  Search s;
  s.image = Plane<float>(image.width, image.height);
  s.variance = s.image;
  s.blocked = Plane<std::uint8_t>(image.width, image.height);
  s.hit = s.blocked;
  s.options = options;
  s.contrast = std::max(options.min_contrast, 1.2F * star_contrast(fwhm_px));
  s.contrast_margin = static_cast<float>(
      kContrastMargin *
      std::hypot(kLaplacianScatter, kStructureScatter * static_cast<double>(s.contrast)));
  // A little sharper than the estimate, which is rough and varies over the field.
  s.sharpest = sharpest_star(0.9 * fwhm_px);
  for (std::ptrdiff_t y = 0; y < image.height; ++y) {
    std::copy_n(image.row(y), image.width, &s.image(0, y));
    std::copy_n(variance.row(y), image.width, &s.variance(0, y));
  }
  return s;
}

/// Tiles that hold or touch a tile with new hits.
std::vector<std::ptrdiff_t> neighbours_of(std::span<const std::size_t> counts,
                                          std::ptrdiff_t columns, std::ptrdiff_t rows) {
  std::vector<std::ptrdiff_t> tiles;
  for (std::ptrdiff_t i = 0; i < columns * rows; ++i) {
    bool near = false;
    for (std::ptrdiff_t y = std::max<std::ptrdiff_t>(0, i / columns - 1);
         y <= std::min(rows - 1, i / columns + 1); ++y) {
      for (std::ptrdiff_t x = std::max<std::ptrdiff_t>(0, i % columns - 1);
           x <= std::min(columns - 1, i % columns + 1); ++x) {
        near |= counts[static_cast<std::size_t>(y * columns + x)] > 0;
      }
    }
    if (near) tiles.push_back(i);
  }
  return tiles;
}

}  // namespace

float star_contrast(double fwhm_px) {
  constexpr std::ptrdiff_t kSize = 25;
  constexpr int kPhases = 3;
  float largest = 0.0F;
  for (int p = 0; p < kPhases * kPhases; ++p) {
    // By symmetry a quarter of the pixel holds all positions.
    const double x = 12.0 + 0.25 * static_cast<double>(p % kPhases);
    const double y = 12.0 + 0.25 * static_cast<double>(p / kPhases);
    Plane<float> star(kSize, kSize);
    draw_gaussian_star(star.view(), x, y, fwhm_px);
    const Plane<float> noise(kSize, kSize, 1e-6F);
    const LaplacianTile tile = laplacian_tile(star.view(), noise.view(), 0, 0, kSize, kSize);
    const float brightest = *std::max_element(tile.significance.data(),
                                              tile.significance.data() + tile.significance.size());
    for (std::ptrdiff_t i = 0; i < tile.significance.size(); ++i) {
      // Faint wings: there the sky's own structure hides the star's.
      if (tile.significance.data()[i] < 0.2F * brightest) continue;
      largest = std::max(largest, tile.significance.data()[i] / tile.structure.data()[i]);
    }
  }
  return largest;
}

CosmicRays find_cosmic_rays(View<const float> image, View<const float> variance,
                            const CosmicRayOptions& options, View<MaskPixel> mask) {
  CosmicRays result;
  if (image.empty()) return result;
  result.fwhm_px = options.fwhm_px > 0.0 ? options.fwhm_px
                                         : estimate_star_fwhm(image, variance, mask, kDefaultFwhm);
  Search s = prepare(image, variance, options, result.fwhm_px);
  result.contrast = s.contrast;
  const std::ptrdiff_t columns = (image.width + kTile - 1) / kTile;
  const std::ptrdiff_t rows = (image.height + kTile - 1) / kTile;
  std::vector<std::ptrdiff_t> tiles(static_cast<std::size_t>(columns * rows));
  std::iota(tiles.begin(), tiles.end(), std::ptrdiff_t{0});
  const auto over = [&](auto&& body) {
    parallel_for(static_cast<std::ptrdiff_t>(tiles.size()), [&](std::ptrdiff_t i) {
      const std::ptrdiff_t tile = tiles[static_cast<std::size_t>(i)];
      body(tile, tile_box(tile, columns, image.width, image.height));
    });
  };
  over([&](std::ptrdiff_t, const TileBox& t) {
    block(mask, t, s.blocked);
    replace_in(t, mask, s, [&](std::ptrdiff_t x, std::ptrdiff_t y) {
      return (mask(x, y) & kDefects & ~kSaturated) != 0;
    });
  });
  Plane<std::uint8_t> found(image.width, image.height);
  for (result.iterations = 0; result.iterations < options.max_iterations && !tiles.empty();) {
    std::vector<std::size_t> counts(static_cast<std::size_t>(columns * rows), 0);
    over([&](std::ptrdiff_t tile, const TileBox& t) {
      counts[static_cast<std::size_t>(tile)] = search_tile(s, t, found);
    });
    ++result.iterations;
    const auto over_hit = [&](auto&& body) {
      over([&](std::ptrdiff_t tile, const TileBox& t) {
        if (counts[static_cast<std::size_t>(tile)] > 0) body(t);
      });
    };
    over_hit([&](const TileBox& t) {
      for (std::ptrdiff_t y = t.y0; y < t.y0 + t.height; ++y) {
        for (std::ptrdiff_t x = t.x0; x < t.x0 + t.width; ++x) s.hit(x, y) |= found(x, y);
      }
    });
    over_hit([&](const TileBox& t) {
      replace_in(t, mask, s, [&](std::ptrdiff_t x, std::ptrdiff_t y) { return found(x, y) != 0; });
    });
    over_hit([&](const TileBox& t) {
      for (std::ptrdiff_t y = t.y0; y < t.y0 + t.height; ++y)
        std::fill_n(&found(t.x0, y), t.width, std::uint8_t{0});
    });
    result.pixels += std::accumulate(counts.begin(), counts.end(), std::size_t{0});
    tiles = neighbours_of(counts, columns, rows);
  }
  for (std::ptrdiff_t y = 0; y < image.height; ++y) {
    const std::uint8_t* hit = &s.hit(0, y);
    MaskPixel* __restrict bits = mask.row(y);
    for (std::ptrdiff_t x = 0; x < image.width; ++x)
      bits[x] |= hit[x] != 0 ? mask_bits::cosmic_ray : MaskPixel{0};
  }
  return result;
}

}  // namespace polis
