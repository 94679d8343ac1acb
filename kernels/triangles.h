#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/neighbours.h"

namespace polis {

/// A triangle of stars whose three sides differ clearly, so that its corners have an order:
/// opposite to the longest, the middle and the shortest side.
struct Triangle {
  std::array<std::int32_t, 3> corners{};
  float middle = 0.0F;    ///< middle / longest side
  float shortest = 0.0F;  ///< shortest / longest side
  double longest = 0.0;
  bool anticlockwise = false;  ///< the corners, in their order
};

/// All triangles of the first `count` points whose sides lie within `longest_side`, ordered by
/// their last point, except those too flat, too pointed or too symmetric to be recognised.
std::vector<Triangle> make_triangles(std::span<const PlanePoint> points, std::size_t count,
                                     double longest_side);

/// Triangles by shape.
class TriangleIndex {
 public:
  explicit TriangleIndex(std::vector<Triangle> triangles);
  std::size_t size() const { return sorted_.size(); }

  /// Calls `visit(triangle)` for those whose two ratios differ by at most `tolerance` from `like`'s
  /// and whose longest side is `low` to `high`, in an order that depends only on the index. Stops
  /// when visit returns false.
  template <class Visit>
  void each_like(const Triangle& like, double tolerance, double low, double high,
                 Visit&& visit) const {
    const int first = cell_of(static_cast<double>(like.shortest) - tolerance);
    const int last = cell_of(static_cast<double>(like.shortest) + tolerance);
    for (int m = cell_of(static_cast<double>(like.middle) - tolerance);
         m <= cell_of(static_cast<double>(like.middle) + tolerance); ++m) {
      const std::size_t begin = starts_[static_cast<std::size_t>(m * kCells + first)];
      const std::size_t end = starts_[static_cast<std::size_t>(m * kCells + last) + 1];
      for (std::size_t i = begin; i < end; ++i) {
        const Triangle& t = sorted_[i];
        const double off_middle = static_cast<double>(t.middle) - static_cast<double>(like.middle);
        const double off_short =
            static_cast<double>(t.shortest) - static_cast<double>(like.shortest);
        if (off_middle > tolerance || off_middle < -tolerance || off_short > tolerance ||
            off_short < -tolerance || t.longest < low || t.longest > high) {
          continue;
        }
        if (!visit(t)) return;
      }
    }
  }

 private:
  static constexpr int kCells = 128;
  static int cell_of(double ratio) {
    const int cell = static_cast<int>(ratio * kCells);
    return cell < 0 ? 0 : cell >= kCells ? kCells - 1 : cell;
  }
  std::vector<Triangle> sorted_;
  std::vector<std::size_t> starts_;
};

}  // namespace polis
