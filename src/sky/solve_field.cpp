#include "sky/solve_field.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "kernels/match.h"

namespace polis {
namespace {

constexpr double kArcsec = 206264.80624709636;
constexpr std::size_t kFewestStars = 5;
constexpr std::size_t kMostFitted = 1500;
constexpr double kMostReachDeg = 80.0;  // a TAN plane reaches no farther

/// Indices by falling brightness, ties in order of index; entries that `usable` refuses are left
/// out.
template <class Brightness, class Usable>
std::vector<std::size_t> brightest_first(std::size_t count, Brightness&& brightness,
                                         Usable&& usable) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < count; ++i) {
    if (usable(i)) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return brightness(a) > brightness(b); });
  return order;
}

SkyPosition middle_of(std::span<const ReferenceStar> reference) {
  double x = 0.0;
  double y = 0.0;
  double z = 0.0;
  for (const ReferenceStar& star : reference) {
    const double ra = star.position.ra_deg * 3600.0 / kArcsec;
    const double dec = star.position.dec_deg * 3600.0 / kArcsec;
    if (!std::isfinite(ra + dec)) continue;
    x += std::cos(dec) * std::cos(ra);
    y += std::cos(dec) * std::sin(ra);
    z += std::sin(dec);
  }
  return {std::atan2(y, x) * kArcsec / 3600.0, std::atan2(z, std::hypot(x, y)) * kArcsec / 3600.0};
}

class FieldSolver {
 public:
  FieldSolver(std::span<const DetectedStar> detected, std::span<const ReferenceStar> reference,
              const FieldSettings& settings)
      : detected_(detected), reference_(reference), settings_(settings) {}

  FieldSolution run() {
    const bool pointed =
        std::isfinite(settings_.pointing.ra_deg) && std::isfinite(settings_.pointing.dec_deg);
    if (!pointed) settings_.pointing = middle_of(reference_);
    choose_lists(pointed);
    if (bright_.size() < kFewestStars)
      return failure("only " + std::to_string(bright_.size()) + " stars detected");
    if (nearby_.size() < kFewestStars) {
      return failure("only " + std::to_string(nearby_.size()) +
                     " reference stars near the pointing");
    }
    if (!recognise()) return failure("no pattern of the reference fits the detected stars");
    if (!fit_pattern() || !fit_all()) return failure("the recognised stars do not determine a WCS");
    return std::move(solution_);
  }

 private:
  FieldSolution failure(std::string reason) const {
    FieldSolution none;
    none.reason = std::move(reason);
    return none;
  }
  bool knows_scale() const { return settings_.pixel_scale_arcsec > 0.0; }
  void choose_lists(bool pointed);
  bool recognise();
  bool fit_pattern();
  bool fit_all();
  StarPair pair_of(std::size_t detected, std::size_t reference) const;
  bool fit(const std::vector<std::pair<std::size_t, std::size_t>>& pairs, int most_order);
  std::vector<std::pair<std::size_t, std::size_t>> pair_near() const;
  double widest_px() const;
  double reach_of(std::size_t star, std::size_t known) const;

  std::span<const DetectedStar> detected_;
  std::span<const ReferenceStar> reference_;
  FieldSettings settings_;
  std::vector<std::size_t> bright_, nearby_;  // brightest first
  PatternMatch pattern_;
  FieldSolution solution_;
};

void FieldSolver::choose_lists(bool pointed) {
  bright_ = brightest_first(
      detected_.size(), [&](std::size_t i) { return detected_[i].flux; },
      [&](std::size_t i) {
        return std::isfinite(detected_[i].position.x + detected_[i].position.y + detected_[i].flux);
      });
  double reach_deg = kMostReachDeg;
  if (pointed && knows_scale()) {
    const double half_diagonal_px = 0.5 * std::hypot(settings_.width, settings_.height);
    reach_deg =
        settings_.pointing_error_arcmin / 60.0 + half_diagonal_px * settings_.pixel_scale_arcsec *
                                                     (1.0 + settings_.scale_tolerance) / 3600.0;
  }
  const double reach_arcsec = 3600.0 * std::min(reach_deg, kMostReachDeg);
  nearby_ = brightest_first(
      reference_.size(),
      [&](std::size_t i) {
        const double magnitude = reference_[i].magnitude;
        return std::isfinite(magnitude) ? -magnitude : -std::numeric_limits<double>::max();
      },
      [&](std::size_t i) {
        return separation_arcsec(settings_.pointing, reference_[i].position) <= reach_arcsec;
      });
}

bool FieldSolver::recognise() {
  std::vector<PlanePoint> pixels;
  std::vector<PlanePoint> sky;
  for (const std::size_t i : bright_)
    pixels.push_back({detected_[i].position.x, detected_[i].position.y});
  for (const std::size_t i : nearby_) {
    const auto [xi, eta] = project_tan(settings_.pointing, reference_[i].position);
    sky.push_back({xi * kArcsec, eta * kArcsec});
  }
  PatternSettings settings;
  if (knows_scale()) {
    settings.scale_low = settings_.pixel_scale_arcsec * (1.0 - settings_.scale_tolerance);
    settings.scale_high = settings_.pixel_scale_arcsec * (1.0 + settings_.scale_tolerance);
  }
  settings.detected_area = static_cast<double>(settings_.width) * settings_.height;
  settings.log10_false_alarm = settings_.log10_false_alarm;
  pattern_ = match_patterns(pixels, sky, settings);
  solution_.log10_false_alarm = pattern_.log10_false_alarm;
  return pattern_.found;
}

StarPair FieldSolver::pair_of(std::size_t detected, std::size_t reference) const {
  const DetectedStar& star = detected_[detected];
  const double scale = std::sqrt(std::abs(pattern_.map.determinant()));  // [arcsec/px]
  const double theirs = std::max(0.0, reference_[reference].error_arcsec) / scale;
  const double mine = std::max(0.0, star.error_px);
  return {star.position, reference_[reference].position,
          std::sqrt(mine * mine + theirs * theirs +
                    settings_.error_floor_px * settings_.error_floor_px)};
}

bool FieldSolver::fit(const std::vector<std::pair<std::size_t, std::size_t>>& pairs,
                      int most_order) {
  std::vector<StarPair> stars;
  for (const auto& [i, j] : pairs) stars.push_back(pair_of(i, j));
  const PlanePoint middle =
      pattern_.map({0.5 * (settings_.width - 1), 0.5 * (settings_.height - 1)});
  const SkyPosition guess =
      unproject_tan(settings_.pointing, {middle.x / kArcsec, middle.y / kArcsec});
  WcsFitSettings settings{settings_.width, settings_.height, most_order, settings_.clip_sigma};
  WcsFit fitted = fit_wcs(stars, guess, settings);
  if (!fitted.found || fitted.stars < kFewestStars) return false;
  solution_.pairs.clear();
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    if (fitted.used[k] != 0) solution_.pairs.push_back(pairs[k]);
  }
  std::sort(solution_.pairs.begin(), solution_.pairs.end());
  solution_.fit = std::move(fitted);
  solution_.wcs = solution_.fit.wcs;
  solution_.rms_arcsec = solution_.fit.rms_px * solution_.wcs.pixel_scale_arcsec();
  solution_.found = true;
  return true;
}

bool FieldSolver::fit_pattern() {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (const auto& [i, j] : pattern_.pairs) {
    pairs.emplace_back(bright_[static_cast<std::size_t>(i)], nearby_[static_cast<std::size_t>(j)]);
  }
  return fit(pairs, settings_.most_sip_order);
}

/// Within this distance few stars have a reference star near that is another.
double FieldSolver::widest_px() const {
  constexpr double kStrangers = 0.05;  // of the stars
  constexpr double kLeast = 2.0, kMost = 50.0;
  const double area = static_cast<double>(settings_.width) * settings_.height;
  const double density = static_cast<double>(bright_.size()) / area;
  return std::clamp(std::sqrt(kStrangers / (3.14159265 * density)), kLeast, kMost);
}

/// Pairs of stars that are nearest to each other and no farther apart than their errors and that of
/// the WCS, which is small where it rests on other stars and grows away from them. Where it is so
/// large that strangers would be paired nobody is: the region that is known grows from fit to fit.
std::vector<std::pair<std::size_t, std::size_t>> FieldSolver::pair_near() const {
  const double radius_px = widest_px();
  std::vector<PlanePoint> mine;
  std::vector<std::size_t> my_index;
  for (const std::size_t i : bright_) {
    if (!detected_[i].good_position) continue;
    mine.push_back({detected_[i].position.x, detected_[i].position.y});
    my_index.push_back(i);
  }
  std::vector<PlanePoint> theirs;
  std::vector<std::size_t> their_index;
  // A linear look first: the exact inverse is for those that can lie on the detector.
  Wcs linear = solution_.wcs;
  linear.sip_order = 0;
  const double margin = radius_px + 0.05 * std::max(settings_.width, settings_.height);
  for (const std::size_t j : nearby_) {
    const PixelPosition near = linear.to_pixel(reference_[j].position);
    if (!(near.x > -margin && near.y > -margin && near.x < settings_.width + margin &&
          near.y < settings_.height + margin))
      continue;
    const PixelPosition place = solution_.wcs.to_pixel(reference_[j].position);
    theirs.push_back({place.x, place.y});
    their_index.push_back(j);
  }
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (const auto& [i, j] : mutual_nearest(mine, theirs, radius_px)) {
    const PlanePoint here = mine[static_cast<std::size_t>(i)],
                     there = theirs[static_cast<std::size_t>(j)];
    const std::size_t star = my_index[static_cast<std::size_t>(i)],
                      known = their_index[static_cast<std::size_t>(j)];
    const double reach = reach_of(star, known);
    if (reach <= radius_px && std::hypot(here.x - there.x, here.y - there.y) <= reach)
      pairs.emplace_back(star, known);
  }
  return pairs;
}

/// How far apart a pair may be, from its errors and from that of the WCS as all other pairs give
/// it: a pair that stands alone in a corner must not prove itself.
double FieldSolver::reach_of(std::size_t star, std::size_t known) const {
  constexpr double kSigma = 6.0, kLeastReach = 1.0;  // [px]
  const PixelPosition place = detected_[star].position;
  const double pair = solution_.fit.map.noise2 * std::pow(pair_of(star, known).error_px, 2);
  double wcs = solution_.fit.map.variance({place.x, place.y});
  const std::pair<std::size_t, std::size_t> self{star, known};
  if (std::binary_search(solution_.pairs.begin(), solution_.pairs.end(), self))
    wcs = wcs < pair ? wcs / (1.0 - wcs / pair) : std::numeric_limits<double>::infinity();
  return std::max(kLeastReach, kSigma * std::sqrt(pair + wcs));
}

bool FieldSolver::fit_all() {
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const auto before = solution_.pairs;
    auto pairs = pair_near();
    // In order of brightness: the brightest carry nearly all of the weight.
    if (pairs.size() > kMostFitted) pairs.resize(kMostFitted);
    // Too few good positions: the pattern's own fit stands.
    if (pairs.size() < kFewestStars) return solution_.found;
    if (!fit(pairs, settings_.most_sip_order)) return solution_.found;
    if (solution_.pairs == before) break;
  }
  return true;
}

}  // namespace

FieldSolution solve_field(std::span<const DetectedStar> detected,
                          std::span<const ReferenceStar> reference, const FieldSettings& settings) {
  if (settings.width <= 0 || settings.height <= 0) {
    FieldSolution none;
    none.reason = "the detector has no pixels";
    return none;
  }
  return FieldSolver(detected, reference, settings).run();
}

}  // namespace polis
