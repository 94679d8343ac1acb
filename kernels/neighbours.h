#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace polis {

/// A point of a plane, in whatever unit the caller uses.
struct PlanePoint {
  double x = 0.0;
  double y = 0.0;
};

/// Finds points of a plane near a place: points sorted into square cells, about one per cell.
/// Points that are not finite are never found. Build: O(n); a search costs what lies in the cells
/// that its circle touches.
class NeighbourGrid {
 public:
  explicit NeighbourGrid(std::span<const PlanePoint> points);

  /// Index of the nearest point within `radius`, the lowest of those at equal distance; -1: none.
  std::ptrdiff_t nearest(PlanePoint place, double radius) const;
  /// Indices of all points within `radius`, in ascending order.
  std::vector<std::ptrdiff_t> within(PlanePoint place, double radius) const;
  /// Points per unit area of the box that holds them all.
  double density() const;

 private:
  struct Entry {
    PlanePoint point;
    std::ptrdiff_t index;
  };
  template <class Visit>
  void each_near(PlanePoint place, double radius, Visit&& visit) const;
  std::ptrdiff_t column_of(double x) const;
  std::ptrdiff_t row_of(double y) const;

  std::vector<Entry> entries_;       // by cell, then index
  std::vector<std::size_t> starts_;  // first entry of each cell; one more than there are cells
  PlanePoint low_, high_;
  double cell_ = 1.0;
  std::ptrdiff_t columns_ = 1, rows_ = 1;
};

/// Pairs (index in `a`, index in `b`) whose points are each other's nearest within `radius`;
/// ordered by a.
std::vector<std::pair<std::ptrdiff_t, std::ptrdiff_t>> mutual_nearest(std::span<const PlanePoint> a,
                                                                      std::span<const PlanePoint> b,
                                                                      double radius);

}  // namespace polis
