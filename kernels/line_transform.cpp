#include "kernels/line_transform.h"

#include <algorithm>
#include <bit>

namespace polis {
namespace {

/// Joins two neighbouring segments, the right one `shift` rows higher. All point at y = 0; the
/// parts reach down to -columns, what they make to -2 columns.
void join(const std::int16_t* left, const std::int16_t* right, std::ptrdiff_t shift,
          std::ptrdiff_t columns, std::ptrdiff_t height, std::int16_t* __restrict out) {
  std::fill(out - 2 * columns, out - columns - shift, std::int16_t{0});
  std::copy(right - columns, right - columns + shift, out - columns - shift);
  for (std::ptrdiff_t y = -columns; y < height - shift; ++y)
    out[y] = static_cast<std::int16_t>(left[y] + right[y + shift]);
  const std::ptrdiff_t rest = std::max(-columns, height - shift);
  std::copy(left + rest, left + height, out + rest);
}

/// One block of twice as many columns from two neighbouring ones.
void join_blocks(const std::int16_t* left, const std::int16_t* right, std::ptrdiff_t columns,
                 std::ptrdiff_t height, std::int16_t* out) {
  const std::ptrdiff_t rows = height + columns;
  const std::ptrdiff_t out_rows = rows + columns;
  for (std::ptrdiff_t rise = 0; rise < 2 * columns; ++rise) {
    const std::ptrdiff_t from = rise / 2 * rows + columns;
    join(left + from, right + from, (rise + 1) / 2, columns, height,
         out + rise * out_rows + 2 * columns);
  }
}

/// Column k of the image as a block of one column, with one empty row below.
void lay_column(View<const std::int16_t> columns, std::ptrdiff_t k, bool upside_down,
                std::int16_t* out) {
  out[0] = 0;
  if (k >= columns.height) {
    std::fill_n(out + 1, columns.width, std::int16_t{0});
  } else if (upside_down) {
    std::reverse_copy(columns.row(k), columns.row(k) + columns.width, out + 1);
  } else {
    std::copy_n(columns.row(k), columns.width, out + 1);
  }
}

}  // namespace

void LineTransform::start(View<const std::int16_t> columns, bool upside_down,
                          std::ptrdiff_t first_length) {
  const auto total = static_cast<std::ptrdiff_t>(
      std::bit_ceil(static_cast<std::size_t>(std::max<std::ptrdiff_t>(1, columns.height))));
  level_.height = columns.width;
  level_.columns = std::min(total, first_length);
  level_.blocks = total / level_.columns;
  const std::ptrdiff_t size = level_.columns * level_.rows();
  level_.sums.resize(static_cast<std::size_t>(level_.blocks * size));
  // The short levels of one block after the other, in the cache.
  from_.resize(static_cast<std::size_t>(size));
  to_.resize(from_.size());
  for (std::ptrdiff_t block = 0; block < level_.blocks; ++block) {
    for (std::ptrdiff_t k = 0; k < level_.columns; ++k)
      lay_column(columns, block * level_.columns + k, upside_down,
                 from_.data() + k * (level_.height + 1));
    for (std::ptrdiff_t c = 1; c < level_.columns; c *= 2) {
      const std::ptrdiff_t part = c * (level_.height + c);
      const std::ptrdiff_t whole = 2 * c * (level_.height + 2 * c);
      for (std::ptrdiff_t k = 0; 2 * c * k < level_.columns; ++k)
        join_blocks(from_.data() + 2 * k * part, from_.data() + (2 * k + 1) * part, c,
                    level_.height, to_.data() + k * whole);
      from_.swap(to_);
    }
    std::copy(from_.begin(), from_.end(), level_.sums.begin() + block * size);
  }
}

void LineTransform::double_length() {
  LineLevel next;
  next.columns = 2 * level_.columns;
  next.blocks = level_.blocks / 2;
  next.height = level_.height;
  const std::ptrdiff_t part = level_.columns * level_.rows();
  const std::ptrdiff_t whole = next.columns * next.rows();
  next.sums.swap(spare_);
  next.sums.resize(static_cast<std::size_t>(next.blocks * whole));
  for (std::ptrdiff_t k = 0; k < next.blocks; ++k)
    join_blocks(level_.sums.data() + 2 * k * part, level_.sums.data() + (2 * k + 1) * part,
                level_.columns, level_.height, next.sums.data() + k * whole);
  spare_.swap(level_.sums);
  level_ = std::move(next);
}

}  // namespace polis
