#include "kernels/neighbours.h"

#include <algorithm>
#include <cmath>

namespace polis {
namespace {

bool is_finite(PlanePoint p) { return std::isfinite(p.x) && std::isfinite(p.y); }

double square_distance(PlanePoint a, PlanePoint b) {
  const double dx = a.x - b.x;
  const double dy = a.y - b.y;
  return dx * dx + dy * dy;
}

std::ptrdiff_t clamp_cell(double cell, std::ptrdiff_t count) {
  if (!(cell > 0.0)) return 0;
  return std::min(static_cast<std::ptrdiff_t>(std::min(cell, 1e9)), count - 1);
}

}  // namespace

NeighbourGrid::NeighbourGrid(std::span<const PlanePoint> points) {
  entries_.reserve(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!is_finite(points[i])) continue;
    if (entries_.empty()) low_ = high_ = points[i];
    low_ = {std::min(low_.x, points[i].x), std::min(low_.y, points[i].y)};
    high_ = {std::max(high_.x, points[i].x), std::max(high_.y, points[i].y)};
    entries_.push_back({points[i], static_cast<std::ptrdiff_t>(i)});
  }
  const double count = static_cast<double>(std::max<std::size_t>(entries_.size(), 1));
  const double width = high_.x - low_.x;
  const double height = high_.y - low_.y;
  // Square cells, about one point in each; a line of points gets cells along it only.
  cell_ = std::max(std::sqrt(width * height / count), std::max(width, height) / count);
  if (!(cell_ > 0.0) || !std::isfinite(cell_)) cell_ = 1.0;
  columns_ = 1 + clamp_cell(width / cell_, static_cast<std::ptrdiff_t>(count) + 1);
  rows_ = 1 + clamp_cell(height / cell_, static_cast<std::ptrdiff_t>(count) + 1);
  const auto cell_of = [&](const Entry& e) {
    return row_of(e.point.y) * columns_ + column_of(e.point.x);
  };
  starts_.assign(static_cast<std::size_t>(rows_ * columns_) + 1, 0);
  for (const Entry& e : entries_) ++starts_[static_cast<std::size_t>(cell_of(e)) + 1];
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  std::vector<std::size_t> next(starts_.begin(), starts_.end() - 1);
  std::vector<Entry> sorted(entries_.size());
  for (const Entry& e : entries_) sorted[next[static_cast<std::size_t>(cell_of(e))]++] = e;
  entries_ = std::move(sorted);
}

std::ptrdiff_t NeighbourGrid::column_of(double x) const {
  return clamp_cell((x - low_.x) / cell_, columns_);
}
std::ptrdiff_t NeighbourGrid::row_of(double y) const {
  return clamp_cell((y - low_.y) / cell_, rows_);
}

template <class Visit>
void NeighbourGrid::each_near(PlanePoint place, double radius, Visit&& visit) const {
  if (entries_.empty() || !is_finite(place) || !(radius >= 0.0)) return;
  const double limit = radius * radius;
  const std::ptrdiff_t first = column_of(place.x - radius);
  const std::ptrdiff_t last = column_of(place.x + radius);
  for (std::ptrdiff_t row = row_of(place.y - radius); row <= row_of(place.y + radius); ++row) {
    const std::size_t begin = starts_[static_cast<std::size_t>(row * columns_ + first)];
    const std::size_t end = starts_[static_cast<std::size_t>(row * columns_ + last) + 1];
    for (std::size_t i = begin; i < end; ++i) {
      const double d = square_distance(entries_[i].point, place);
      if (d <= limit) visit(entries_[i].index, d);
    }
  }
}

std::ptrdiff_t NeighbourGrid::nearest(PlanePoint place, double radius) const {
  std::ptrdiff_t best = -1;
  double least = 0.0;
  each_near(place, radius, [&](std::ptrdiff_t index, double distance) {
    if (best < 0 || distance < least || (distance == least && index < best)) {
      best = index;
      least = distance;
    }
  });
  return best;
}

std::vector<std::ptrdiff_t> NeighbourGrid::within(PlanePoint place, double radius) const {
  std::vector<std::ptrdiff_t> found;
  each_near(place, radius, [&](std::ptrdiff_t index, double) { found.push_back(index); });
  std::sort(found.begin(), found.end());
  return found;
}

double NeighbourGrid::density() const {
  const double area = (high_.x - low_.x) * (high_.y - low_.y);
  return area > 0.0 ? static_cast<double>(entries_.size()) / area : 0.0;
}

std::vector<std::pair<std::ptrdiff_t, std::ptrdiff_t>> mutual_nearest(std::span<const PlanePoint> a,
                                                                      std::span<const PlanePoint> b,
                                                                      double radius) {
  const NeighbourGrid in_a(a);
  const NeighbourGrid in_b(b);
  std::vector<std::pair<std::ptrdiff_t, std::ptrdiff_t>> pairs;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::ptrdiff_t j = in_b.nearest(a[i], radius);
    if (j < 0) continue;
    const std::ptrdiff_t back = in_a.nearest(b[static_cast<std::size_t>(j)], radius);
    if (back == static_cast<std::ptrdiff_t>(i)) pairs.emplace_back(back, j);
  }
  return pairs;
}

}  // namespace polis
