#include "sky/identify.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/neighbours.h"

namespace polis {
namespace {

constexpr double kArcsec = 206264.80624709636;
constexpr double kChangeShare =
    0.1;  // prior chance that an object's brightness changed to anything
constexpr double kChangeRange = 10.0;  // within so many magnitudes
constexpr double kLeastMagnitudeSigma = 0.1;

/// Share of the reference per magnitude, smoothed over half a magnitude.
class MagnitudeCounts {
 public:
  explicit MagnitudeCounts(std::span<const SkySource> reference) {
    for (const SkySource& r : reference) {
      if (std::isfinite(r.magnitude)) sorted_.push_back(r.magnitude);
    }
    std::sort(sorted_.begin(), sorted_.end());
  }
  double density(double magnitude) const {
    const auto low = std::lower_bound(sorted_.begin(), sorted_.end(), magnitude - 0.5);
    const auto high = std::upper_bound(sorted_.begin(), sorted_.end(), magnitude + 0.5);
    return std::max(1.0, static_cast<double>(high - low)) /
           static_cast<double>(std::max<std::size_t>(sorted_.size(), 1));
  }

 private:
  std::vector<double> sorted_;
};

SkyPosition middle_of(std::span<const SkySource> sources) {
  for (const SkySource& s : sources) {
    if (std::isfinite(s.position.ra_deg + s.position.dec_deg)) return s.position;
  }
  return {};
}

std::vector<PlanePoint> project(SkyPosition centre, std::span<const SkySource> sources) {
  std::vector<PlanePoint> points;
  points.reserve(sources.size());
  for (const SkySource& s : sources) {
    const auto [xi, eta] = project_tan(centre, s.position);
    points.push_back({xi * kArcsec, eta * kArcsec});
  }
  return points;
}

struct Candidate {
  std::size_t source;
  std::ptrdiff_t reference;
  double separation, sigma, ratio;
};

/// Chance of the two magnitudes if the objects are the same, over that of an unrelated object so
/// bright.
double magnitude_ratio(const SkySource& a, const SkySource& b, const MagnitudeCounts& counts) {
  if (!std::isfinite(a.magnitude) || !std::isfinite(b.magnitude)) return 1.0;
  const double sigma =
      std::max(kLeastMagnitudeSigma, 2.0 * std::hypot(a.magnitude_error, b.magnitude_error));
  const double off = (a.magnitude - b.magnitude) / sigma;
  const double same = std::exp(-0.5 * off * off) / (sigma * std::sqrt(2.0 * std::numbers::pi));
  return ((1.0 - kChangeShare) * same + kChangeShare / kChangeRange) / counts.density(b.magnitude);
}

}  // namespace

std::vector<Identification> identify_sources(std::span<const SkySource> sources,
                                             std::span<const SkySource> reference,
                                             const IdentifySettings& settings) {
  std::vector<Identification> result(sources.size());
  const SkyPosition centre = middle_of(sources);
  const std::vector<PlanePoint> mine = project(centre, sources);
  const std::vector<PlanePoint> theirs = project(centre, reference);
  const NeighbourGrid grid(theirs);
  const MagnitudeCounts counts(reference);
  const double density = std::max(grid.density(), 1e-12);  // [1 / arcsec^2]
  double widest = 0.0;
  for (const SkySource& r : reference)
    widest = std::max(widest, std::isfinite(r.error_arcsec) ? r.error_arcsec : 0.0);
  std::vector<Candidate> candidates;
  std::vector<double> total(sources.size(), 1.0 - settings.share_in_reference);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const double own = std::hypot(sources[i].error_arcsec, settings.error_floor_arcsec);
    if (!std::isfinite(own)) continue;
    for (const std::ptrdiff_t j :
         grid.within(mine[i], settings.most_sigma * std::hypot(own, widest))) {
      const auto k = static_cast<std::size_t>(j);
      const double error = std::max(1e-9, std::hypot(own, reference[k].error_arcsec));
      const double separation = std::hypot(mine[i].x - theirs[k].x, mine[i].y - theirs[k].y);
      const double sigma = separation / error;
      if (!(sigma <= settings.most_sigma)) continue;
      const double chance =
          std::exp(-0.5 * sigma * sigma) / (2.0 * std::numbers::pi * error * error);
      const double ratio = settings.share_in_reference * chance *
                           magnitude_ratio(sources[i], reference[k], counts) / density;
      candidates.push_back({i, j, separation, sigma, ratio});
      total[i] += ratio;
    }
  }
  // The best pairs first; each object once.
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.ratio > b.ratio; });
  std::vector<bool> taken(reference.size(), false);
  for (const Candidate& c : candidates) {
    const auto k = static_cast<std::size_t>(c.reference);
    const double probability = c.ratio / total[c.source];
    if (taken[k] || result[c.source].reference >= 0 || probability < settings.least_probability)
      continue;
    taken[k] = true;
    result[c.source] = {c.reference, c.separation, c.sigma, probability};
  }
  return result;
}

}  // namespace polis
