#include "kernels/match.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include "kernels/triangles.h"

namespace polis {
namespace {

using Complex = std::complex<double>;

constexpr std::array<std::size_t, 6> kLevels{15, 25,  40,
                                             70, 120, 200};  // bright stars that form triangles
constexpr double kStarsInReach = 40.0;        // a triangle's longest side spans a circle of so many
constexpr std::size_t kMostReference = 4000;  // reference stars that form triangles
constexpr std::size_t kBlindReference = 150;  // the same, when the scale is not known
constexpr double kWorthRefining = -2.5;   // log10 of the chance below which a proposal is refined
constexpr std::size_t kMostTested = 300;  // detected points in the final test
constexpr std::size_t kFewestPairs = 5;
// Bright points after which a proposal must have three pairs.
constexpr std::size_t kFirstLook = 40;
constexpr double kLargestShear = 0.06;  // ratio of the map's axes may differ so much from 1

struct Box {
  PlanePoint low, high;
  double area() const { return (high.x - low.x) * (high.y - low.y); }
  double diagonal() const { return std::hypot(high.x - low.x, high.y - low.y); }
  bool contains(PlanePoint p) const {
    return p.x >= low.x && p.x <= high.x && p.y >= low.y && p.y <= high.y;
  }
};

Box box_of(std::span<const PlanePoint> points) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Box box{{kInfinity, kInfinity}, {-kInfinity, -kInfinity}};
  for (const PlanePoint p : points) {
    box.low = {std::min(box.low.x, p.x), std::min(box.low.y, p.y)};
    box.high = {std::max(box.high.x, p.x), std::max(box.high.y, p.y)};
  }
  return box;
}

/// Least-squares similarity that takes three corners to three others; `mirrored` flips y first.
LinearMap similarity(std::span<const PlanePoint> from, const Triangle& a,
                     std::span<const PlanePoint> to, const Triangle& b, bool mirrored) {
  std::array<Complex, 3> z;
  std::array<Complex, 3> w;
  Complex z_mean;
  Complex w_mean;
  for (std::size_t i = 0; i < 3; ++i) {
    const PlanePoint p = from[static_cast<std::size_t>(a.corners.at(i))];
    const PlanePoint q = to[static_cast<std::size_t>(b.corners.at(i))];
    z.at(i) = {p.x, mirrored ? -p.y : p.y};
    w.at(i) = {q.x, q.y};
    z_mean += z.at(i) / 3.0;
    w_mean += w.at(i) / 3.0;
  }
  Complex cross;
  double norm = 0.0;
  for (std::size_t i = 0; i < 3; ++i) {
    cross += std::conj(z.at(i) - z_mean) * (w.at(i) - w_mean);
    norm += std::norm(z.at(i) - z_mean);
  }
  const Complex turn = cross / norm;
  const Complex offset = w_mean - turn * z_mean;
  const double side = mirrored ? -1.0 : 1.0;
  return {{offset.real(), offset.imag()},
          {turn.real(), -side * turn.imag(), turn.imag(), side * turn.real()}};
}

/// Nearly a similarity, of an allowed scale and parity?
bool is_plausible(const LinearMap& map, const PatternSettings& settings) {
  const double det = map.determinant();
  const double scale = std::sqrt(std::abs(det));
  if (!(scale > 0.0) || (settings.parity != 0 && det * settings.parity < 0.0)) return false;
  if (settings.scale_low > 0.0 && scale < settings.scale_low) return false;
  if (settings.scale_high > 0.0 && scale > settings.scale_high) return false;
  // Singular values s1 >= s2: (s1 - s2)^2 = |m|^2 - 2 |det|.
  const double norm =
      map.m[0] * map.m[0] + map.m[1] * map.m[1] + map.m[2] * map.m[2] + map.m[3] * map.m[3];
  return std::sqrt(std::max(0.0, norm - 2.0 * std::abs(det))) < kLargestShear * scale;
}

class Matcher {
 public:
  Matcher(std::span<const PlanePoint> detected, std::span<const PlanePoint> reference,
          const PatternSettings& settings)
      : detected_(detected),
        reference_(reference),
        settings_(settings),
        detected_box_(box_of(detected)),
        reference_box_(box_of(reference)) {}

  PatternMatch run() {
    for (const std::size_t level : kLevels) {
      const std::size_t count = std::min(level, detected_.size());
      if (count < kFewestPairs || try_level(count) || best_.hypotheses >= settings_.most_hypotheses)
        break;
      if (count == detected_.size() && reference_count(count) >= reference_.size()) break;
    }
    return best_;
  }

 private:
  double detected_area() const {
    return settings_.detected_area > 0.0 ? settings_.detected_area : detected_box_.area();
  }
  double middle_scale() const { return std::sqrt(settings_.scale_low * settings_.scale_high); }
  bool knows_scale() const { return settings_.scale_low > 0.0 && settings_.scale_high > 0.0; }

  /// As many reference stars as reach equally deep as `count` detected ones, with a reserve.
  std::size_t reference_count(std::size_t count) const {
    const double sky = detected_area() * middle_scale() * middle_scale();
    if (!(sky > 0.0)) return std::min({reference_.size(), kBlindReference, 3 * count});
    const double wanted =
        1.3 * static_cast<double>(count) * std::max(1.0, reference_box_.area() / sky) + 5.0;
    return std::min(reference_.size(), static_cast<std::size_t>(
                                           std::min(wanted, static_cast<double>(kMostReference))));
  }

  bool try_level(std::size_t count) {
    const double density = static_cast<double>(count) / detected_area();
    double side = std::sqrt(kStarsInReach / (std::numbers::pi * density));
    if (!(side > 0.0) || !std::isfinite(side)) return false;
    const std::size_t references = reference_count(count);
    const double reference_side =
        knows_scale() ? side * settings_.scale_high : reference_box_.diagonal();
    const std::vector<Triangle> triangles = make_triangles(detected_, count, side);
    const TriangleIndex index(make_triangles(reference_, references, reference_side));
    const NeighbourGrid grid(reference_.first(references));
    for (const Triangle& triangle : triangles) {
      if (try_triangle(triangle, index, grid, count)) return true;
      if (best_.hypotheses >= settings_.most_hypotheses) return false;
    }
    return false;
  }

  bool try_triangle(const Triangle& mine, const TriangleIndex& index, const NeighbourGrid& grid,
                    std::size_t count) {
    const double tolerance =
        std::min(0.03, settings_.distortion + 1.5 * settings_.centroid_error / mine.longest);
    const double low = settings_.scale_low * mine.longest;
    const double high = settings_.scale_high > 0.0 ? settings_.scale_high * mine.longest
                                                   : std::numeric_limits<double>::infinity();
    bool accepted = false;
    index.each_like(mine, tolerance, low, high, [&](const Triangle& other) {
      const bool mirrored = mine.anticlockwise != other.anticlockwise;
      if (settings_.parity != 0 && mirrored != (settings_.parity < 0)) return true;
      ++best_.hypotheses;
      accepted = try_map(similarity(detected_, mine, reference_, other, mirrored), grid, count);
      return !accepted && best_.hypotheses < settings_.most_hypotheses;
    });
    return accepted;
  }

  /// Counts the bright detected stars that the map brings near to a bright reference star.
  bool try_map(const LinearMap& map, const NeighbourGrid& grid, std::size_t count) {
    if (!is_plausible(map, settings_)) return false;
    const double scale = std::sqrt(std::abs(map.determinant()));
    const double radius = scale * (0.5 * settings_.distortion * detected_box_.diagonal() +
                                   3.0 * settings_.centroid_error);
    std::size_t hits = 0;
    std::size_t inside = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const PlanePoint place = map(detected_[i]);
      if (!reference_box_.contains(place)) continue;
      // A true map brings a fair share of the brightest to a partner; most false ones end here.
      if (++inside > kFirstLook && hits < 3) return false;
      if (grid.nearest(place, radius) >= 0) ++hits;
    }
    // Three points agree by construction.
    if (hits < kFewestPairs) return false;
    const double chance = std::numbers::pi * radius * radius * grid.density();
    if (log10_binomial_tail(hits - 3, inside - 3, chance) > kWorthRefining) return false;
    return refine(map, radius, count);
  }

  bool refine(LinearMap map, double radius, std::size_t count);
  PatternMatch pairs_of(const LinearMap& map, double radius, std::size_t tested,
                        std::span<const PlanePoint> reference, const NeighbourGrid& grid) const;

  std::span<const PlanePoint> detected_, reference_;
  PatternSettings settings_;
  Box detected_box_, reference_box_;
  PatternMatch best_;
};

/// Pairs under `map`; each reference star goes to the nearest detected one.
PatternMatch Matcher::pairs_of(const LinearMap& map, double radius, std::size_t tested,
                               std::span<const PlanePoint> reference,
                               const NeighbourGrid& grid) const {
  struct Candidate {
    std::ptrdiff_t detected, reference;
    double distance;
  };
  std::vector<Candidate> candidates;
  PatternMatch match;
  match.map = map;
  for (std::size_t i = 0; i < tested; ++i) {
    const PlanePoint place = map(detected_[i]);
    if (!reference_box_.contains(place)) continue;
    ++match.tested;
    const std::ptrdiff_t j = grid.nearest(place, radius);
    if (j < 0) continue;
    const PlanePoint star = reference[static_cast<std::size_t>(j)];
    candidates.push_back(
        {static_cast<std::ptrdiff_t>(i), j, std::hypot(star.x - place.x, star.y - place.y)});
  }
  std::stable_sort(
      candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
        return a.reference != b.reference ? a.reference < b.reference : a.distance < b.distance;
      });
  std::vector<double> distances;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0 && candidates[i].reference == candidates[i - 1].reference) continue;
    match.pairs.emplace_back(candidates[i].detected, candidates[i].reference);
    distances.push_back(candidates[i].distance);
  }
  std::sort(match.pairs.begin(), match.pairs.end());
  if (distances.empty()) return match;
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  match.rms = *middle / 1.17741;  // the median of a Rayleigh distribution is 1.17741 sigma
  return match;
}

/// Fits a linear map to more and more stars within a shrinking radius, then asks whether chance
/// explains it.
bool Matcher::refine(LinearMap map, double radius, std::size_t count) {
  const std::size_t deep =
      std::min({detected_.size(), std::max<std::size_t>(3 * count, 60), kMostTested});
  const auto reference = reference_.first(reference_count(deep));
  const NeighbourGrid grid(reference);
  const double floor = 3.0 * settings_.centroid_error * std::sqrt(std::abs(map.determinant()));
  PatternMatch match;
  for (const std::size_t tested : {count, count, deep, deep, deep}) {
    match = pairs_of(map, radius, tested, reference, grid);
    if (match.pairs.size() < kFewestPairs) return false;
    std::vector<PlanePoint> from;
    std::vector<PlanePoint> to;
    for (const auto& [i, j] : match.pairs) {
      from.push_back(detected_[static_cast<std::size_t>(i)]);
      to.push_back(reference[static_cast<std::size_t>(j)]);
    }
    if (!fit_linear_map(from, to, map) || !is_plausible(map, settings_)) return false;
    radius = std::clamp(4.0 * match.rms, floor, std::max(radius, floor));
  }
  match = pairs_of(map, radius, deep, reference, grid);
  if (match.pairs.size() < kFewestPairs) return false;
  const double chance = std::numbers::pi * radius * radius * grid.density();
  match.log10_false_alarm = log10_binomial_tail(match.pairs.size() - 3, match.tested - 3, chance) +
                            std::log10(static_cast<double>(best_.hypotheses));
  if (match.log10_false_alarm > settings_.log10_false_alarm) return false;
  match.found = true;
  match.hypotheses = best_.hypotheses;
  best_ = std::move(match);
  return true;
}

}  // namespace

PatternMatch match_patterns(std::span<const PlanePoint> detected,
                            std::span<const PlanePoint> reference,
                            const PatternSettings& settings) {
  if (detected.size() < kFewestPairs || reference.size() < kFewestPairs) return {};
  return Matcher(detected, reference, settings).run();
}

bool fit_linear_map(std::span<const PlanePoint> from, std::span<const PlanePoint> to,
                    LinearMap& map) {
  const std::size_t n = std::min(from.size(), to.size());
  if (n < 3) return false;
  PlanePoint a;
  PlanePoint b;
  const double count = static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) {
    a = {a.x + from[i].x / count, a.y + from[i].y / count};
    b = {b.x + to[i].x / count, b.y + to[i].y / count};
  }
  double xx = 0, xy = 0, yy = 0, xu = 0, yu = 0, xv = 0, yv = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = from[i].x - a.x;
    const double y = from[i].y - a.y;
    const double u = to[i].x - b.x;
    const double v = to[i].y - b.y;
    xx += x * x;
    xy += x * y;
    yy += y * y;
    xu += x * u;
    yu += y * u;
    xv += x * v;
    yv += y * v;
  }
  const double det = xx * yy - xy * xy;
  if (!(det > 1e-12 * (xx + yy) * (xx + yy))) return false;
  map.m = {(xu * yy - yu * xy) / det, (yu * xx - xu * xy) / det, (xv * yy - yv * xy) / det,
           (yv * xx - xv * xy) / det};
  map.offset = {b.x - map.m[0] * a.x - map.m[1] * a.y, b.y - map.m[2] * a.x - map.m[3] * a.y};
  return true;
}

double log10_binomial_tail(std::size_t hits, std::size_t trials, double probability) {
  if (hits == 0 || trials == 0) return 0.0;
  const double p = std::clamp(probability, 1e-12, 1.0);
  const double share = std::min(1.0, static_cast<double>(hits) / static_cast<double>(trials));
  if (share <= p) return 0.0;
  // Kullback-Leibler divergence of a coin of `share` from one of `p`.
  double divergence = share * std::log(share / p);
  if (share < 1.0) divergence += (1.0 - share) * std::log((1.0 - share) / (1.0 - p));
  return -static_cast<double>(trials) * divergence / std::numbers::ln10;
}

}  // namespace polis
