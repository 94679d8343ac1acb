#include "sky/movers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>

#include "sky/line_motion.h"

namespace polis {
namespace {

constexpr double kArcsecPerRadian = 180.0 * 3600.0 / std::numbers::pi;
constexpr double kHoursPerDay = 24.0;
/// A line that is known no better than this at a frame's time selects nothing there. [arcsec]
constexpr double kMostUncertain = 5.0;

/// Chi2 that unrelated scatter exceeds about once in 3000, for an even number of degrees.
double most_chi2(std::size_t members) {
  const double degrees = 2.0 * static_cast<double>(members) - 4.0;
  return degrees + 4.0 * std::sqrt(2.0 * degrees) + 8.0;
}

struct FramePoints {
  double hours = 0.0;
  std::vector<std::size_t> points;
  std::vector<PlanePoint> places;
};

class Linker {
 public:
  Linker(std::span<const MovingPoint> points, const MoverSettings& settings);
  std::vector<Tracklet> run();

 private:
  using Members = std::vector<std::size_t>;
  bool is_seed(std::size_t i, std::size_t j) const;
  bool same_brightness(std::size_t i, std::size_t j) const;
  Members grow(std::size_t i, std::size_t j) const;
  /// The point that the line foretells best among frames without a member; -1: none.
  std::ptrdiff_t next_for(const LineMotion& line, const Members& members) const;
  LineMotion fit(const Members& members) const;
  bool is_good(const Members& members) const;
  double chance_of(const Members& members, const LineMotion& line) const;
  Tracklet tracklet_of(const Members& members) const;
  std::vector<Members> candidates() const;
  void take(const Members& members, std::vector<bool>& used, std::vector<Tracklet>& result) const;

  std::span<const MovingPoint> points_;
  MoverSettings settings_;
  SkyPosition centre_;
  std::vector<TimedPlace> places_;   ///< per point
  std::vector<std::size_t> order_;   ///< usable points by time, then index
  std::vector<FramePoints> frames_;  ///< by number of the frame
  std::vector<std::size_t> frame_;   ///< per point: index into frames_
  double epoch_ = 0.0;               ///< [MJD]
};

Linker::Linker(std::span<const MovingPoint> points, const MoverSettings& settings)
    : points_(points), settings_(settings), places_(points.size()), frame_(points.size(), 0) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    const SkyPoint& p = points[i].point;
    if (!std::isfinite(p.position.ra_deg) || !std::isfinite(p.position.dec_deg) ||
        !std::isfinite(p.mjd))
      continue;
    if (order_.empty()) {
      centre_ = p.position;
      epoch_ = p.mjd;
    }
    const auto [xi, eta] = project_tan(centre_, p.position);
    places_[i] = {{xi * kArcsecPerRadian, eta * kArcsecPerRadian},
                  (p.mjd - epoch_) * kHoursPerDay,
                  with_floor(p.error_arcsec, settings.floor_arcsec)};
    if (std::isfinite(xi)) order_.push_back(i);
  }
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
    return places_[a].hours < places_[b].hours;
  });
  std::map<std::int32_t, std::size_t> numbers;
  for (std::size_t i : order_) numbers.emplace(points[i].point.frame, 0);
  for (auto& [number, index] : numbers) {
    index = frames_.size();
    frames_.emplace_back();
  }
  for (std::size_t i : order_) {
    frame_[i] = numbers.at(points[i].point.frame);
    FramePoints& frame = frames_[frame_[i]];
    frame.hours = places_[i].hours;
    frame.points.push_back(i);
    frame.places.push_back(places_[i].place);
  }
}

bool Linker::same_brightness(std::size_t i, std::size_t j) const {
  const MovingPoint &a = points_[i], &b = points_[j];
  if (a.filter != b.filter || !std::isfinite(a.mag) || !std::isfinite(b.mag)) return true;
  return std::abs(a.mag - b.mag) <= settings_.most_mag_change;
}

bool Linker::is_seed(std::size_t i, std::size_t j) const {
  const double hours = places_[j].hours - places_[i].hours;
  if (!(hours > 0.0) || hours > settings_.longest_span_h ||
      points_[i].point.frame == points_[j].point.frame || !same_brightness(i, j))
    return false;
  const double distance =
      std::hypot(places_[j].place.x - places_[i].place.x, places_[j].place.y - places_[i].place.y);
  const double error = std::hypot(places_[i].error, places_[j].error);
  return distance <= settings_.most_rate_arcsec_per_h * hours + settings_.sigma * error &&
         distance > 2.0 * error;
}

LineMotion Linker::fit(const Members& members) const {
  std::vector<TimedPlace> places;
  double low = 1e30, high = -1e30;
  for (std::size_t i : members) {
    places.push_back(places_[i]);
    low = std::min(low, places_[i].hours);
    high = std::max(high, places_[i].hours);
  }
  // A path that bends by b leaves its best straight line by b x span^2 / 12 at its ends, / 27 rms.
  const double bend = settings_.bend_arcsec_per_h2 * (high - low) * (high - low) / 16.0;
  for (TimedPlace& p : places) p.error = std::hypot(p.error, bend);
  return fit_line_motion(places);
}

std::ptrdiff_t Linker::next_for(const LineMotion& line, const Members& members) const {
  std::vector<char> seen(frames_.size(), 0);
  double low = 1e30, high = -1e30;
  for (std::size_t i : members) {
    seen[frame_[i]] = 1;
    low = std::min(low, places_[i].hours);
    high = std::max(high, places_[i].hours);
  }
  std::ptrdiff_t best = -1;
  double least_uncertain = kMostUncertain;
  for (std::size_t f = 0; f < frames_.size(); ++f) {
    const FramePoints& frame = frames_[f];
    if (seen[f] != 0) continue;
    const double span = std::max(high, frame.hours) - std::min(low, frame.hours);
    if (span > settings_.longest_span_h) continue;
    const double beyond = std::max({0.0, low - frame.hours, frame.hours - high});
    const double bend = 0.5 * settings_.bend_arcsec_per_h2 * beyond * (beyond + high - low);
    const double uncertain = std::sqrt(line.variance_at(frame.hours) + bend * bend);
    if (!(uncertain < least_uncertain)) continue;
    const PlanePoint expected = line.at(frame.hours);
    double nearest = settings_.sigma * settings_.sigma;
    for (std::size_t k = 0; k < frame.points.size(); ++k) {
      const std::size_t i = frame.points[k];
      const double dx = frame.places[k].x - expected.x, dy = frame.places[k].y - expected.y;
      const double variance = uncertain * uncertain + places_[i].error * places_[i].error;
      const double d2 = (dx * dx + dy * dy) / variance;
      if (d2 >= nearest || !same_brightness(members.front(), i)) continue;
      nearest = d2;
      best = static_cast<std::ptrdiff_t>(i);
      least_uncertain = uncertain;
    }
  }
  return best;
}

Linker::Members Linker::grow(std::size_t i, std::size_t j) const {
  Members members{i, j};
  for (LineMotion line = fit(members); line.determined; line = fit(members)) {
    const std::ptrdiff_t next = next_for(line, members);
    if (next < 0) break;
    members.push_back(static_cast<std::size_t>(next));
  }
  std::sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(places_[a].hours, a) < std::pair(places_[b].hours, b);
  });
  return members;
}

double Linker::chance_of(const Members& members, const LineMotion& line) const {
  const double hours = places_[members.back()].hours - places_[members.front()].hours;
  const double path = std::hypot(line.rate.x, line.rate.y) * hours +
                      settings_.sigma * places_[members.back()].error;
  double expected = 1.0;
  for (std::size_t m = 0; m < members.size(); ++m) {
    const FramePoints& frame = frames_[frame_[members[m]]];
    expected *= static_cast<double>(frame.points.size());
    if (m == 0) continue;
    const double radius =
        m + 1 == members.size() ? path : settings_.sigma * places_[members[m]].error;
    expected *= std::min(1.0, std::numbers::pi * radius * radius / settings_.area_arcsec2);
  }
  // As many ways to choose the frames.
  const auto frames = static_cast<double>(frames_.size());
  for (std::size_t m = 0; m < members.size(); ++m)
    expected *= (frames - static_cast<double>(m)) / static_cast<double>(m + 1);
  return expected;
}

bool Linker::is_good(const Members& members) const {
  if (members.size() < (settings_.pairs ? 2U : 3U)) return false;
  const LineMotion line = fit(members);
  if (!line.determined) return false;
  const double rate = std::hypot(line.rate.x, line.rate.y);
  return rate >= settings_.least_rate_arcsec_per_h && rate <= settings_.most_rate_arcsec_per_h &&
         rate > settings_.motion_sigma * line.rate_error &&
         (members.size() == 2 || line.chi2 <= most_chi2(members.size())) &&
         chance_of(members, line) <= settings_.most_chance;
}

Tracklet Linker::tracklet_of(const Members& members) const {
  const LineMotion line = fit(members);
  Tracklet t;
  t.members = members;
  t.mjd = epoch_ + line.hours / kHoursPerDay;
  t.position =
      unproject_tan(centre_, {line.middle.x / kArcsecPerRadian, line.middle.y / kArcsecPerRadian});
  t.rate_ra_arcsec_per_h = line.rate.x;
  t.rate_dec_arcsec_per_h = line.rate.y;
  t.rate_error_arcsec_per_h = line.rate_error;
  t.chi2 = line.chi2;
  t.chance = chance_of(members, line);
  return t;
}

std::vector<Linker::Members> Linker::candidates() const {
  std::vector<Members> found;
  std::set<std::pair<std::size_t, std::size_t>> tried;
  for (std::size_t a = 0; a < order_.size(); ++a) {
    for (std::size_t b = a + 1; b < order_.size(); ++b) {
      const std::size_t i = order_[a], j = order_[b];
      if (places_[j].hours - places_[i].hours > settings_.longest_span_h) break;
      if (!is_seed(i, j) || tried.contains({i, j})) continue;
      Members members = grow(i, j);
      if (!is_good(members)) continue;
      // All pairs within a good tracklet lead to it again.
      for (std::size_t m = 0; m < members.size(); ++m)
        for (std::size_t n = m + 1; n < members.size(); ++n) tried.insert({members[m], members[n]});
      found.push_back(std::move(members));
    }
  }
  return found;
}

void Linker::take(const Members& members, std::vector<bool>& used,
                  std::vector<Tracklet>& result) const {
  Members free;
  for (std::size_t i : members) {
    if (!used[i]) free.push_back(i);
  }
  if (free.size() != members.size() && free.size() < 3) return;
  if (!is_good(free)) return;
  for (std::size_t i : free) used[i] = true;
  result.push_back(tracklet_of(free));
}

std::vector<Tracklet> Linker::run() {
  std::vector<Members> found = candidates();
  std::vector<double> chi2(found.size());
  std::vector<std::size_t> rank(found.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    rank[k] = k;
    chi2[k] = fit(found[k]).chi2 / static_cast<double>(found[k].size());
  }
  std::stable_sort(rank.begin(), rank.end(), [&](std::size_t a, std::size_t b) {
    if (found[a].size() != found[b].size()) return found[a].size() > found[b].size();
    return chi2[a] < chi2[b];
  });
  std::vector<bool> used(points_.size(), false);
  std::vector<Tracklet> result;
  for (std::size_t k : rank) take(found[k], used, result);
  return result;
}

}  // namespace

double Tracklet::rate_arcsec_per_h() const {
  return std::hypot(rate_ra_arcsec_per_h, rate_dec_arcsec_per_h);
}

double Tracklet::position_angle_deg() const {
  const double angle =
      std::atan2(rate_ra_arcsec_per_h, rate_dec_arcsec_per_h) * 180.0 / std::numbers::pi;
  return angle < 0.0 ? angle + 360.0 : angle;
}

std::vector<Tracklet> link_movers(std::span<const MovingPoint> points,
                                  const MoverSettings& settings) {
  return Linker(points, settings).run();
}

}  // namespace polis
