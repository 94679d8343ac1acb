#include "kernels/psf_stars.h"

#include <algorithm>
#include <cmath>

#include "kernels/psf_photometry.h"
#include "kernels/source_flags.h"
#include "kernels/star_groups.h"

namespace polis {
namespace {

constexpr std::int32_t spoiled = source_flags::saturated | source_flags::edge |
                                 source_flags::too_large | source_flags::incomplete;

/// Most populated width: the half-sample mode (Bickel 2002, Comp. Stat. Data Anal. 39, 153) of
/// sorted values.
double half_sample_mode(const std::vector<double>& sorted) {
  std::size_t first = 0, count = sorted.size();
  while (count > 3) {
    const std::size_t half = (count + 1) / 2;
    std::size_t best = first;
    for (std::size_t i = first; i + half <= first + count; ++i)
      if (sorted[i + half - 1] - sorted[i] < sorted[best + half - 1] - sorted[best]) best = i;
    first = best;
    count = half;
  }
  double sum = 0.0;
  for (std::size_t i = first; i < first + count; ++i) sum += sorted[i];
  return sum / static_cast<double>(count);
}

bool is_candidate(const SourceMeasurement& source, float min_snr) {
  return (source.flags & spoiled) == 0 && source.snr >= min_snr && source.flux_auto > 0.0 &&
         source.fwhm > 0.5F && std::isfinite(source.fwhm) && source.a > 0.0F &&
         source.b > 0.4F * source.a;
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

/// Mode of the widths of the brightest candidates.
double mode_of_widths(const std::vector<SourceMeasurement>& sources,
                      std::vector<std::size_t> chosen) {
  constexpr std::size_t most = 500;
  std::stable_sort(chosen.begin(), chosen.end(),
                   [&](std::size_t a, std::size_t b) { return sources[a].snr > sources[b].snr; });
  if (chosen.size() > most) chosen.resize(most);
  std::vector<double> widths;
  for (const std::size_t k : chosen) widths.push_back(static_cast<double>(sources[k].fwhm));
  std::sort(widths.begin(), widths.end());
  return widths.empty() ? 0.0 : half_sample_mode(widths);
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
  choice.fwhm_px = mode_of_widths(sources, chosen);
  const double width = locus_width(sources, chosen, choice.fwhm_px);
  std::vector<StarFit> places(sources.size());
  for (std::size_t k = 0; k < sources.size(); ++k) {
    places[k].x = sources[k].x;
    places[k].y = sources[k].y;
  }
  const StarNeighbours near =
      find_star_neighbours(places, settings.isolation_fwhm * choice.fwhm_px);
  for (const std::size_t k : chosen) {
    const SourceMeasurement& source = sources[k];
    if (std::abs(static_cast<double>(source.fwhm) - choice.fwhm_px) > width) continue;
    double light = 0.0;
    for (const std::int32_t other : near.of(k))
      light += std::max(sources[static_cast<std::size_t>(other)].flux_iso, 0.0);
    if (light < 0.03 * source.flux_auto)
      choice.stars.push_back({source.x, source.y, source.flux_auto});
  }
  return choice;
}

}  // namespace polis
