#include "kernels/psf_photometry.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/parallel.h"
#include "kernels/star_fitter.h"

namespace polis {
namespace {

StarFit nothing(StarFit star) {
  star.flux = star.flux_err = std::numeric_limits<double>::quiet_NaN();
  star.flags = star_fit_flags::no_pixels;
  return star;
}

}  // namespace

void fit_stars(View<float> image, View<const float> variance, View<const MaskPixel> mask,
               const PsfModel& psf, std::vector<StarFit>& stars, const StarFitSettings& settings) {
  if (image.empty() || psf.empty()) {
    for (StarFit& star : stars) star = nothing(star);
    return;
  }
  const FitPlanes planes{image, variance, mask, static_cast<float>(settings.variance_per_signal)};
  StarFitter(planes, psf, settings).run(stars);
}

void add_stars(View<float> image, const PsfModel& psf, const std::vector<StarFit>& stars,
               float scale) {
  if (image.empty() || psf.empty()) return;
  const PsfBrush brush(psf);
  const StarTiles tiles = tile_stars(stars, std::max(64.0, 2.0 * brush.radius() + 6.0));
  for (const auto& colour : tiles.colours)
    parallel_bands(static_cast<std::ptrdiff_t>(colour.size()), 8, [&](auto first, auto last) {
      PsfPencil pencil(brush);
      PsfStamp stamp;
      for (auto tile = first; tile < last; ++tile)
        for (const std::int32_t member : colour[static_cast<std::size_t>(tile)]) {
          const StarFit& star = stars[static_cast<std::size_t>(member)];
          if (!std::isfinite(star.flux)) continue;
          const auto cx = static_cast<int>(std::lround(star.x));
          const auto cy = static_cast<int>(std::lround(star.y));
          pencil.place(star.x, star.y, brush.radius());
          pencil.draw(star.x - cx, star.y - cy, false, stamp);
          const auto light = scale * static_cast<float>(star.flux);
          for (int j = -stamp.radius; j <= stamp.radius; ++j)
            for (int i = -stamp.radius; i <= stamp.radius; ++i)
              if (image.contains(cx + i, cy + j))
                image(cx + i, cy + j) +=
                    light * stamp.value[static_cast<std::size_t>((j + stamp.radius) * stamp.stride +
                                                                 i + stamp.radius)];
        }
    });
}

double variance_per_signal(View<const float> image, View<const float> variance,
                           View<const MaskPixel> mask) {
  if (image.empty()) return 0.0;
  const float sky = sky_sigma_of(variance);
  double signal = 0.0, square = 0.0, noise = 0.0, mixed = 0.0;
  double count = 0.0;
  const auto floor = static_cast<double>(sky) * static_cast<double>(sky);
  for (std::ptrdiff_t y = 0; y < image.height; ++y)
    for (std::ptrdiff_t x = 0; x < image.width; ++x) {
      const float value = image(x, y);
      const float v = variance(x, y);
      if (!(value > 5.0F * sky) || !(v > 0.0F) || !(v < 1e30F) || !(value < 1e30F)) continue;
      if (!mask.empty() && (mask(x, y) & mask_bits::unusable) != 0) continue;
      const auto s = static_cast<double>(value);
      // Brighter pixels say more, but each only as much as its relative noise allows.
      const double w = 1.0 / (s * s);
      count += w;
      signal += w * s;
      square += w * s * s;
      noise += w * (static_cast<double>(v) - floor);
      mixed += w * s * (static_cast<double>(v) - floor);
    }
  const double determinant = count * square - signal * signal;
  if (!(determinant > 1e-12 * count * square)) return 0.0;
  return std::clamp((count * mixed - signal * noise) / determinant, 0.0, 1e6);
}

}  // namespace polis
