#include "kernels/triangles.h"

#include <algorithm>
#include <cmath>

namespace polis {
namespace {

constexpr double kSymmetric =
    0.985;                         // two sides nearer than this leave the order of the corners open
constexpr double kPointed = 0.12;  // shortest / longest side, at least
constexpr double kFlat = 0.02;     // doubled area / longest side squared, at least

double distance(PlanePoint a, PlanePoint b) { return std::hypot(a.x - b.x, a.y - b.y); }

/// False if the triangle is not one to be recognised by.
bool describe(std::span<const PlanePoint> points, std::array<std::size_t, 3> corners,
              Triangle& triangle) {
  struct Side {
    double length;
    std::size_t opposite;
  };
  const PlanePoint p = points[corners[0]];
  const PlanePoint q = points[corners[1]];
  const PlanePoint r = points[corners[2]];
  std::array<Side, 3> sides{
      {{distance(q, r), corners[0]}, {distance(p, r), corners[1]}, {distance(p, q), corners[2]}}};
  std::sort(sides.begin(), sides.end(),
            [](const Side& a, const Side& b) { return a.length > b.length; });
  const auto [longest, middle, shortest] =
      std::array{sides[0].length, sides[1].length, sides[2].length};
  if (!(shortest >= kPointed * longest) || !(longest > 0.0)) return false;
  if (middle > kSymmetric * longest || shortest > kSymmetric * middle) return false;
  const PlanePoint a = points[sides[0].opposite];
  const PlanePoint b = points[sides[1].opposite];
  const PlanePoint c = points[sides[2].opposite];
  const double cross = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
  if (std::abs(cross) < kFlat * longest * longest) return false;
  for (std::size_t i = 0; i < 3; ++i)
    triangle.corners.at(i) = static_cast<std::int32_t>(sides.at(i).opposite);
  triangle.middle = static_cast<float>(middle / longest);
  triangle.shortest = static_cast<float>(shortest / longest);
  triangle.longest = longest;
  triangle.anticlockwise = cross > 0.0;
  return true;
}

}  // namespace

std::vector<Triangle> make_triangles(std::span<const PlanePoint> points, std::size_t count,
                                     double longest_side) {
  const std::span<const PlanePoint> used = points.first(std::min(count, points.size()));
  const NeighbourGrid grid(used);
  std::vector<Triangle> triangles;
  Triangle triangle;
  for (std::size_t last = 2; last < used.size(); ++last) {
    std::vector<std::ptrdiff_t> before = grid.within(used[last], longest_side);
    std::erase_if(before, [&](std::ptrdiff_t i) { return static_cast<std::size_t>(i) >= last; });
    for (std::size_t j = 1; j < before.size(); ++j) {
      for (std::size_t i = 0; i < j; ++i) {
        const auto first = static_cast<std::size_t>(before[i]);
        const auto second = static_cast<std::size_t>(before[j]);
        if (distance(used[first], used[second]) > longest_side) continue;
        if (describe(used, {first, second, last}, triangle)) triangles.push_back(triangle);
      }
    }
  }
  return triangles;
}

TriangleIndex::TriangleIndex(std::vector<Triangle> triangles) {
  starts_.assign(static_cast<std::size_t>(kCells) * kCells + 1, 0);
  const auto cell = [](const Triangle& t) {
    return static_cast<std::size_t>(cell_of(static_cast<double>(t.middle)) * kCells +
                                    cell_of(static_cast<double>(t.shortest)));
  };
  for (const Triangle& t : triangles) ++starts_[cell(t) + 1];
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  std::vector<std::size_t> next(starts_.begin(), starts_.end() - 1);
  sorted_.resize(triangles.size());
  for (const Triangle& t : triangles) sorted_[next[cell(t)]++] = t;
}

}  // namespace polis
