#include "kernels/line_transform.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace polis {
namespace {

/// The pattern by its definition: a segment is its left half, and its right half half the rise
/// higher (rounded up).
int sum_of_segment(const Plane<std::int16_t>& columns, bool upside_down, std::ptrdiff_t length,
                   std::ptrdiff_t first, std::ptrdiff_t rise, std::ptrdiff_t y) {
  if (length == 1) {
    const std::ptrdiff_t row = upside_down ? columns.width() - 1 - y : y;
    return columns.view().contains(row, first) ? columns(row, first) : 0;
  }
  return sum_of_segment(columns, upside_down, length / 2, first, rise / 2, y) +
         sum_of_segment(columns, upside_down, length / 2, first + length / 2, rise / 2,
                        y + (rise + 1) / 2);
}

TEST(LineTransform, EqualsSumsAlongEverySegment) {
  LineTransform transform;  // used again and again: nothing of one image may reach the next
  // Heights smaller and larger than the width; widths that are no powers of two.
  for (const auto& [height, width] : {std::pair{37, 32}, {9, 20}, {1, 16}, {70, 5}}) {
    Plane<std::int16_t> columns(height, width);
    RandomStream stream(91, "pixels");
    for (std::ptrdiff_t i = 0; i < columns.size(); ++i)
      columns.data()[i] = static_cast<std::int16_t>(stream.uniform(-40.0, 40.0));
    for (const bool upside_down : {false, true}) {
      transform.start(columns.view(), upside_down, 4);
      for (;;) {
        const LineLevel& level = transform.level();
        EXPECT_GE(level.blocks * level.columns, width);
        for (std::ptrdiff_t block = 0; block < level.blocks; ++block)
          for (std::ptrdiff_t rise = 0; rise < level.columns; ++rise)
            for (std::ptrdiff_t y = -level.columns; y < height; ++y)
              ASSERT_EQ(level.line(block, rise)[y],
                        sum_of_segment(columns, upside_down, level.columns, block * level.columns,
                                       rise, y))
                  << height << " " << width << " " << level.columns << " " << rise << " " << y;
        if (!transform.can_double()) break;
        transform.double_length();
      }
    }
  }
}

}  // namespace
}  // namespace polis
