#include "kernels/forced_photometry.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

/// Share of pixel (x, y) inside a circle about (cx, cy): exact away from the rim, 8 x 8 points on
/// it.
double share_inside(double x, double y, double cx, double cy, double radius) {
  const double d = std::hypot(x - cx, y - cy);
  if (d < radius - 0.75) return 1.0;
  if (d > radius + 0.75) return 0.0;
  constexpr int points = 8;
  int inside = 0;
  for (int b = 0; b < points; ++b)
    for (int a = 0; a < points; ++a)
      inside +=
          std::hypot(x - cx + (a + 0.5) / points - 0.5, y - cy + (b + 0.5) / points - 0.5) < radius;
  return inside / static_cast<double>(points * points);
}

struct Planes {
  View<const float> residual, variance;
  View<const MaskPixel> mask;
  bool usable(std::ptrdiff_t x, std::ptrdiff_t y) const {
    const float v = variance(x, y);
    return v > 0.0F && v < 1e30F && std::abs(residual(x, y)) < 1e30F &&
           (mask.empty() || (mask(x, y) & mask_bits::unusable) == 0);
  }
};

/// Level of the ring about a star with all stars taken away: mean of what lies within three sigma
/// of the median.
void measure_ring(const Planes& planes, const ForcedSettings& settings, const ForcedTarget& target,
                  ForcedFlux& out) {
  if (!(settings.annulus_outer_px > settings.annulus_inner_px)) return;
  std::vector<float> values;
  const int reach = static_cast<int>(std::ceil(settings.annulus_outer_px));
  const auto cx = static_cast<int>(std::lround(target.x));
  const auto cy = static_cast<int>(std::lround(target.y));
  for (int y = cy - reach; y <= cy + reach; ++y)
    for (int x = cx - reach; x <= cx + reach; ++x) {
      const double d = std::hypot(x - target.x, y - target.y);
      if (d < settings.annulus_inner_px || d > settings.annulus_outer_px) continue;
      if (planes.residual.contains(x, y) && planes.usable(x, y))
        values.push_back(planes.residual(x, y));
    }
  if (values.size() < 8) return;
  std::sort(values.begin(), values.end());
  const float median = values[values.size() / 2];
  const float sigma = 0.5F * (values[values.size() * 84 / 100] - values[values.size() * 16 / 100]);
  double sum = 0.0, square = 0.0, count = 0.0;
  for (const float value : values) {
    if (std::abs(value - median) > 3.0F * sigma) continue;
    sum += static_cast<double>(value);
    square += static_cast<double>(value) * static_cast<double>(value);
    count += 1.0;
  }
  if (count < 4.0) return;
  const double mean = sum / count;
  out.background = static_cast<float>(mean);
  out.background_err =
      static_cast<float>(std::sqrt(std::max(square / count - mean * mean, 0.0) / count));
}

/// Light in the circle: what the stars left plus the model of the target itself, so that holes are
/// filled by it.
void measure_aperture(const Planes& planes, const PsfStamp& stamp, double flux, double radius,
                      const ForcedTarget& target, double slope, ForcedFlux& out) {
  double sum = 0.0, variance = 0.0, area = 0.0, lost = 0.0;
  const int reach = static_cast<int>(std::ceil(radius + 1.0));
  const auto cx = static_cast<int>(std::lround(target.x));
  const auto cy = static_cast<int>(std::lround(target.y));
  for (int y = cy - reach; y <= cy + reach; ++y)
    for (int x = cx - reach; x <= cx + reach; ++x) {
      const double share = share_inside(x, y, target.x, target.y, radius);
      if (share <= 0.0) continue;
      const int i = x - cx + stamp.radius, j = y - cy + stamp.radius;
      const bool drawn = i >= 0 && j >= 0 && i <= 2 * stamp.radius && j <= 2 * stamp.radius;
      const double model =
          drawn
              ? flux *
                    static_cast<double>(stamp.value[static_cast<std::size_t>(j * stamp.stride + i)])
              : 0.0;
      area += share;
      sum += share * model;
      if (!planes.residual.contains(x, y) || !planes.usable(x, y)) {
        lost += share;
        continue;
      }
      const auto residual = static_cast<double>(planes.residual(x, y));
      const auto noise = static_cast<double>(planes.variance(x, y));
      sum += share * (residual - static_cast<double>(out.background));
      variance += share * std::max(noise - slope * residual, 0.3 * noise);
    }
  if (!(area > lost)) {
    out.flux_aper = out.flux_aper_err = static_cast<double>(nan_value);
    out.masked_fraction = 1.0F;
    return;
  }
  const double level_err = static_cast<double>(out.background_err) * (area - lost);
  // What the model had to fill in is as uncertain as the rest, in proportion.
  variance *= area / (area - lost);
  out.flux_aper = sum;
  out.flux_aper_err = std::sqrt(variance + level_err * level_err);
  out.masked_fraction = static_cast<float>(lost / area);
}

MaskPixel core_bits(View<const MaskPixel> mask, const ForcedTarget& target, double fwhm) {
  MaskPixel bits = 0;
  if (mask.empty()) return bits;
  const auto reach = static_cast<std::ptrdiff_t>(std::max(1.0, std::round(fwhm)));
  const std::ptrdiff_t cx = std::lround(target.x), cy = std::lround(target.y);
  for (std::ptrdiff_t y = cy - reach; y <= cy + reach; ++y)
    for (std::ptrdiff_t x = cx - reach; x <= cx + reach; ++x)
      if (mask.contains(x, y)) bits |= mask(x, y);
  return bits;
}

ForcedFlux nothing() {
  ForcedFlux out;
  out.flux_psf = out.flux_psf_err = out.flux_aper = out.flux_aper_err =
      static_cast<double>(nan_value);
  out.masked_fraction = 1.0F;
  out.flags = star_fit_flags::no_pixels;
  return out;
}

std::vector<StarFit> as_stars(const std::vector<ForcedTarget>& targets,
                              const std::vector<ForcedTarget>& neighbours) {
  std::vector<StarFit> stars;
  for (const auto* list : {&targets, &neighbours})
    for (const ForcedTarget& target : *list) {
      StarFit star;
      star.x = target.x;
      star.y = target.y;
      stars.push_back(star);
    }
  return stars;
}

}  // namespace

std::vector<ForcedFlux> forced_photometry(View<const float> image, View<const float> variance,
                                          View<const MaskPixel> mask, const PsfModel& psf,
                                          const std::vector<ForcedTarget>& targets,
                                          const std::vector<ForcedTarget>& neighbours,
                                          const ForcedSettings& settings) {
  std::vector<ForcedFlux> out(targets.size(), nothing());
  if (image.empty() || psf.empty()) return out;
  Plane<float> residual(image.width, image.height);
  for (std::ptrdiff_t y = 0; y < image.height; ++y)
    std::copy_n(image.row(y), image.width, residual.view().row(y));
  std::vector<StarFit> stars = as_stars(targets, neighbours);
  StarFitSettings fit;
  fit.fit_positions = false;
  fit.passes = 20;
  fit.tolerance_sigma = 0.002;
  fit.variance_per_signal = settings.variance_per_signal;
  fit_stars(residual.view(), variance, mask, psf, stars, fit);

  const PsfBrush brush(psf);
  const Planes planes{residual.view(), variance, mask};
  parallel_bands(static_cast<std::ptrdiff_t>(targets.size()), 16, [&](auto first, auto last) {
    PsfPencil pencil(brush);
    PsfStamp stamp;
    for (auto k = static_cast<std::size_t>(first); k < static_cast<std::size_t>(last); ++k) {
      const StarFit& star = stars[k];
      if ((star.flags & star_fit_flags::no_pixels) != 0) continue;
      ForcedFlux& flux = out[k];
      flux = ForcedFlux{};
      flux.flux_psf = star.flux;
      flux.flux_psf_err = star.flux_err;
      flux.chi2 = star.chi2;
      flux.flags = star.flags;
      flux.mask = core_bits(mask, targets[k], psf.fwhm_px);
      pencil.place(star.x, star.y, brush.radius());
      pencil.draw(star.x - std::round(star.x), star.y - std::round(star.y), false, stamp);
      measure_ring(planes, settings, targets[k], flux);
      measure_aperture(planes, stamp, star.flux, settings.aperture_radius_px, targets[k],
                       settings.variance_per_signal, flux);
    }
  });
  return out;
}

}  // namespace polis
