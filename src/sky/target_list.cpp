#include "sky/target_list.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace polis {
namespace {

constexpr double kArcsecPerRadian = 180.0 * 3600.0 / std::numbers::pi;

}  // namespace

PlanePoint TargetList::plane(SkyPosition position) const {
  const auto [xi, eta] = project_tan(centre_, position);
  return {xi * kArcsecPerRadian, eta * kArcsecPerRadian};
}

SkyPosition TargetList::position_of(const Entry& entry) const {
  if (entry.target.seen == 0) return entry.target.position;
  const double count = entry.target.seen;
  return unproject_tan(
      centre_, {entry.sum_x / count / kArcsecPerRadian, entry.sum_y / count / kArcsecPerRadian});
}

std::vector<PlanePoint> TargetList::places() const {
  std::vector<PlanePoint> points;
  points.reserve(entries_.size());
  for (const Entry& entry : entries_) points.push_back(entry.first);
  return points;
}

void TargetList::add_frame(std::span<const Sighting> sightings) {
  const NeighbourGrid grid(places());
  for (const Sighting& sighting : sightings) {
    const PlanePoint place = plane(sighting.position);
    if (!std::isfinite(place.x) || !std::isfinite(place.y)) continue;
    const std::ptrdiff_t known = grid.nearest(place, radius_arcsec_);
    if (known < 0) {
      entries_.push_back(
          {{"", sighting.position, "star", sighting.flux, 1}, place, place.x, place.y});
      continue;
    }
    Entry& entry = entries_[static_cast<std::size_t>(known)];
    entry.sum_x += place.x;
    entry.sum_y += place.y;
    entry.target.flux = std::max(entry.target.flux, sighting.flux);
    ++entry.target.seen;
  }
}

void TargetList::add(const Target& target) {
  const PlanePoint place = plane(target.position);
  if (!std::isfinite(place.x) || !std::isfinite(place.y)) return;
  const std::ptrdiff_t known = NeighbourGrid(places()).nearest(place, radius_arcsec_);
  if (known < 0) {
    Entry entry{target, place, 0.0, 0.0};
    entry.target.seen = 0;
    entries_.push_back(entry);
    return;
  }
  Target& there = entries_[static_cast<std::size_t>(known)].target;
  if (there.reason == "user") return;  // a person's word is not overruled
  there.reason = target.reason;
  if (!target.name.empty()) there.name = target.name;
}

std::vector<Target> TargetList::select(std::int32_t least_seen, std::size_t most) const {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Target& target = entries_[i].target;
    if (target.reason != "star" || target.seen >= least_seen) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Target &x = entries_[a].target, &y = entries_[b].target;
    if ((x.reason == "star") != (y.reason == "star")) return y.reason == "star";
    return x.flux > y.flux;
  });
  order.resize(std::min(order.size(), most));
  std::sort(order.begin(), order.end());
  std::vector<Target> targets;
  for (std::size_t i : order) {
    targets.push_back(entries_[i].target);
    targets.back().position = position_of(entries_[i]);
  }
  return targets;
}

}  // namespace polis
