#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/view.h"

namespace polis {

/// The longest level's sums stay below this.
inline constexpr float kLargestLineSum = 32000.0F;

/// Sums over segments of a dyadic length: those that start in the first of `columns` columns of a
/// block, at row y, and rise by 0 .. columns - 1 rows on their way to its last column. Lines that
/// come in from below start at y >= -columns.
struct LineLevel {
  std::ptrdiff_t columns = 1, blocks = 0, height = 0;
  std::vector<std::int16_t> sums;  ///< [block][rise][y + columns]
  std::ptrdiff_t rows() const { return height + columns; }
  /// Sum at y = 0 of one rise; y from -columns to height - 1.
  const std::int16_t* line(std::ptrdiff_t block, std::ptrdiff_t rise) const {
    return sums.data() + (block * columns + rise) * rows() + columns;
  }
};

/// The fast Radon transform for rises between 0 and 1 row per column, level after level. Its memory
/// is kept from one image to the next.
class LineTransform {
 public:
  /// Makes the first level. `columns` is an image turned so that its columns lie in memory one
  /// after the other: row k of the view is column k.
  /// @param upside_down  rows count from the other end: slopes between -1 and 0
  /// @param first_length a power of two: shorter segments are summed in passing only
  void start(View<const std::int16_t> columns, bool upside_down, std::ptrdiff_t first_length);
  const LineLevel& level() const { return level_; }
  /// Whether there is a next level.
  bool can_double() const { return level_.blocks > 1; }
  void double_length();

 private:
  LineLevel level_;
  std::vector<std::int16_t> spare_, from_, to_;
};

}  // namespace polis
