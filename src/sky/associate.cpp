#include "sky/associate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <tuple>

#include "kernels/neighbours.h"

namespace polis {
namespace {

constexpr double kArcsecPerRadian = 180.0 * 3600.0 / std::numbers::pi;
/// Of a position whose error is not known. [arcsec]
constexpr double kAssumedError = 0.5;

/// A group as it grows, in the tangent plane.
struct Growing {
  SkyPosition first;
  double weight = 0.0, sum_x = 0.0, sum_y = 0.0;
  std::vector<std::size_t> members;
  PlanePoint place() const { return {sum_x / weight, sum_y / weight}; }
  void take(PlanePoint place, double error) {
    const double w = 1.0 / (error * error);
    weight += w;
    sum_x += w * place.x;
    sum_y += w * place.y;
  }
};

struct Pair {
  double distance2 = 0.0;  ///< normalised
  std::size_t group = 0, point = 0;
  auto key() const { return std::tuple(distance2, group, point); }
};

class Association {
 public:
  Association(SkyPosition centre, const AssociateSettings& settings)
      : centre_(centre), settings_(settings) {}

  void add_known(const SkyGroup& known) {
    Growing group;
    group.first = known.position;
    group.take(plane(known.position), with_floor(known.error_arcsec, settings_.floor_arcsec));
    groups_.push_back(std::move(group));
  }

  void add_frame(std::span<const SkyPoint> points, const std::vector<std::size_t>& members) {
    std::vector<Pair> pairs = pairs_of(points, members);
    std::sort(pairs.begin(), pairs.end(),
              [](const Pair& a, const Pair& b) { return a.key() < b.key(); });
    std::vector<bool> taken(groups_.size(), false);
    std::map<std::size_t, bool> placed;
    for (const Pair& pair : pairs) {
      if (taken[pair.group] || placed[pair.point]) continue;
      taken[pair.group] = placed[pair.point] = true;
      join(groups_[pair.group], points[pair.point], pair.point);
    }
    for (std::size_t i : members) {
      if (placed[i] || !std::isfinite(plane(points[i].position).x)) continue;
      groups_.emplace_back();
      join(groups_.back(), points[i], i);
    }
  }

  std::vector<SkyGroup> finish() {
    std::vector<SkyGroup> result;
    for (Growing& group : groups_) {
      const PlanePoint place = group.place();
      const SkyPosition mean =
          group.members.empty()
              ? group.first
              : unproject_tan(centre_, {place.x / kArcsecPerRadian, place.y / kArcsecPerRadian});
      result.push_back({mean, 1.0 / std::sqrt(group.weight), std::move(group.members)});
    }
    return result;
  }

 private:
  PlanePoint plane(SkyPosition position) const {
    const auto [xi, eta] = project_tan(centre_, position);
    return {xi * kArcsecPerRadian, eta * kArcsecPerRadian};
  }
  double error_of(const SkyPoint& point) const {
    return with_floor(point.error_arcsec, settings_.floor_arcsec);
  }
  void join(Growing& group, const SkyPoint& point, std::size_t index) const {
    group.take(plane(point.position), error_of(point));
    group.members.push_back(index);
  }
  std::vector<Pair> pairs_of(std::span<const SkyPoint> points,
                             const std::vector<std::size_t>& members) const {
    std::vector<PlanePoint> places;
    for (const Growing& group : groups_) places.push_back(group.place());
    const NeighbourGrid grid(places);
    std::vector<Pair> pairs;
    for (std::size_t i : members) {
      const PlanePoint place = plane(points[i].position);
      if (!std::isfinite(place.x)) continue;
      for (std::ptrdiff_t g : grid.within(place, settings_.most_arcsec)) {
        const auto k = static_cast<std::size_t>(g);
        const double dx = place.x - places[k].x, dy = place.y - places[k].y;
        const double error = error_of(points[i]);
        const double d2 = (dx * dx + dy * dy) / (error * error + 1.0 / groups_[k].weight);
        if (d2 <= settings_.sigma * settings_.sigma) pairs.push_back({d2, k, i});
      }
    }
    return pairs;
  }

  SkyPosition centre_;
  AssociateSettings settings_;
  std::vector<Growing> groups_;
};

bool has_place(SkyPosition p) { return std::isfinite(p.ra_deg) && std::isfinite(p.dec_deg); }

}  // namespace

double with_floor(double error_arcsec, double floor_arcsec) {
  return std::hypot(error_arcsec > 0.0 ? error_arcsec : kAssumedError, floor_arcsec);
}

std::vector<SkyGroup> associate(std::span<const SkyPoint> points, std::span<const SkyGroup> known,
                                const AssociateSettings& settings) {
  SkyPosition centre;
  if (!known.empty()) centre = known.front().position;
  for (const SkyPoint& point : points) {
    if (!has_place(point.position)) continue;
    centre = point.position;
    break;
  }
  Association association(centre, settings);
  for (const SkyGroup& group : known) association.add_known(group);
  std::map<std::int32_t, std::vector<std::size_t>> frames;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (has_place(points[i].position)) frames[points[i].frame].push_back(i);
  }
  for (const auto& [frame, members] : frames) association.add_frame(points, members);
  return association.finish();
}

}  // namespace polis
