#include "kernels/psf_stars.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/psf_photometry.h"
#include "kernels/source_flags.h"
#include "kernels/star_groups.h"

namespace polis {
namespace {

constexpr std::int32_t spoiled =
    source_flags::saturated | source_flags::edge | source_flags::too_large;
/// Wide stars on a detector with many bad pixels all miss a few: their shape is known all the same.
constexpr float largest_missing_part = 0.03F;

/// Share of a source's light in its highest pixel beyond which no telescope made it: a star of this
/// share is sharper than a pixel.
constexpr float largest_peak_share = 0.5F;
/// How far, in natural logarithms, a star's measures scatter about those of others: its width, half
/// light radius, elongation, and its peak, which depends on where in a pixel its centre lies.
constexpr double width_scatter = 0.1;
constexpr double radius_scatter = 0.1;
constexpr double elongation_scatter = 0.3;
constexpr double peak_scatter = 0.2;

/// What stars have in common, each in units of its scatter.
using Shape = std::array<double, 4>;

Shape shape_of(const SourceMeasurement& source) {
  const auto fwhm = static_cast<double>(source.fwhm);
  const double area = fwhm * fwhm;
  const double sharpness = static_cast<double>(source.peak) * area / source.flux_auto;
  return {std::log(fwhm) / width_scatter,
          std::log(std::max(0.1, static_cast<double>(source.half_light_radius))) / radius_scatter,
          std::log(static_cast<double>(source.a / source.b)) / elongation_scatter,
          std::log(std::max(1e-3, sharpness)) / peak_scatter};
}

double likeness(const Shape& a, const Shape& b) {
  double square = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) square += (a[i] - b[i]) * (a[i] - b[i]);
  return std::exp(-0.5 * square);
}

bool is_candidate(const SourceMeasurement& source, float min_snr) {
  return (source.flags & spoiled) == 0 && source.missing_part <= largest_missing_part &&
         source.snr >= min_snr && source.flux_auto > 0.0 && source.fwhm > 0.5F &&
         std::isfinite(source.fwhm) && source.a > 0.0F && source.b > 0.4F * source.a &&
         source.peak < largest_peak_share * static_cast<float>(source.flux_auto);
}

std::vector<std::size_t> candidates(const std::vector<SourceMeasurement>& sources,
                                    const PsfStarSettings& settings) {
  std::vector<std::size_t> chosen;
  for (const float share : {1.0F, 0.5F, 0.25F}) {
    chosen.clear();
    for (std::size_t k = 0; k < sources.size(); ++k)
      if (is_candidate(sources[k], share * settings.min_snr)) chosen.push_back(k);
    if (static_cast<int>(chosen.size()) >= settings.wanted) break;
  }
  return chosen;
}

/// Width of the brightest candidates that are most alike: stars have one shape; what is no star is
/// as wide as some other, but not in all ways like it. In logarithms, or narrow ones would lie
/// closer together than wide ones.
double width_of_the_alike(const std::vector<SourceMeasurement>& sources,
                          std::vector<std::size_t> chosen) {
  constexpr std::size_t most = 500;
  std::stable_sort(chosen.begin(), chosen.end(),
                   [&](std::size_t a, std::size_t b) { return sources[a].snr > sources[b].snr; });
  if (chosen.size() > most) chosen.resize(most);
  std::vector<Shape> shapes;
  for (const std::size_t k : chosen) shapes.push_back(shape_of(sources[k]));
  double best = 0.0, width = 0.0;
  for (const Shape& middle : shapes) {
    double sum = 0.0, mean = 0.0;
    for (const Shape& other : shapes) {
      const double like = likeness(middle, other);
      sum += like;
      mean += like * other[0];
    }
    if (sum <= best) continue;
    best = sum;
    width = std::exp(width_scatter * mean / sum);
  }
  return width;
}

/// Half width of the locus: from the spread of the values near to the mode.
double locus_width(const std::vector<SourceMeasurement>& sources,
                   const std::vector<std::size_t>& chosen, double mode) {
  std::vector<double> off;
  for (const std::size_t k : chosen) {
    const double d = std::abs(static_cast<double>(sources[k].fwhm) - mode);
    if (d < 0.3 * mode) off.push_back(d);
  }
  if (off.empty()) return 0.2 * mode;
  std::sort(off.begin(), off.end());
  return std::clamp(4.0 * 1.4826 * off[off.size() / 2], 0.1 * mode, 0.3 * mode);
}

}  // namespace

PsfStarChoice choose_psf_stars(const std::vector<SourceMeasurement>& sources,
                               const PsfStarSettings& settings) {
  PsfStarChoice choice;
  const std::vector<std::size_t> chosen = candidates(sources, settings);
  if (chosen.empty()) return choice;
  choice.fwhm_px = width_of_the_alike(sources, chosen);
  const double width = locus_width(sources, chosen, choice.fwhm_px);
  std::vector<StarFit> places(sources.size());
  for (std::size_t k = 0; k < sources.size(); ++k) {
    places[k].x = sources[k].x;
    places[k].y = sources[k].y;
  }
  const StarNeighbours near =
      find_star_neighbours(places, settings.isolation_fwhm * choice.fwhm_px);
  std::vector<PsfStar> incomplete;
  for (const std::size_t k : chosen) {
    const SourceMeasurement& source = sources[k];
    if (std::abs(static_cast<double>(source.fwhm) - choice.fwhm_px) > width) continue;
    double light = 0.0;
    for (const std::int32_t other : near.of(k))
      light += std::max(sources[static_cast<std::size_t>(other)].flux_iso, 0.0);
    if (light >= 0.03 * source.flux_auto) continue;
    std::vector<PsfStar>& kind = source.missing_part > 0.0F ? incomplete : choice.stars;
    kind.push_back({source.x, source.y, source.flux_auto});
  }
  if (static_cast<int>(choice.stars.size()) < settings.wanted)
    choice.stars.insert(choice.stars.end(), incomplete.begin(), incomplete.end());
  return choice;
}

}  // namespace polis
