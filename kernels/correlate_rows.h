#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kernels/convolve.h"
#include "kernels/view.h"

/// The inner loops that correlate() and matched_filter() share. An image is worked through in bands
/// of rows; within a band, rows filtered along x wait in a ring of (2 radius_y + rows_at_once)
/// rows, which stays in the second-level cache, until the columns are filtered.
namespace polis {

inline constexpr std::ptrdiff_t filter_band_rows = 128;
inline constexpr std::ptrdiff_t rows_at_once = 4;      ///< output rows per pass down the ring
inline constexpr std::ptrdiff_t columns_at_once = 32;  ///< pixels along x per step

/// Elements of a row buffer into which whole steps may be written.
inline std::size_t padded_width(std::ptrdiff_t width) {
  return static_cast<std::size_t>((width + 2 * columns_at_once - 1) / columns_at_once *
                                  columns_at_once);
}

struct BandGeometry {
  std::ptrdiff_t width, height, radius_x, radius_y;
};

/// A row with `radius` zeros before it and zeros enough behind it.
class PaddedRow {
 public:
  PaddedRow(std::ptrdiff_t width, std::ptrdiff_t radius)
      : radius_(radius),
        values_(padded_width(width) + static_cast<std::size_t>(2 * radius), 0.0F) {}
  float* start() { return values_.data(); }
  float* pixels() { return values_.data() + radius_; }

 private:
  std::ptrdiff_t radius_;
  std::vector<float> values_;
};

/// Rows filtered along x, one for each term of the kernel, kept by row number modulo the ring's
/// size.
class RowRing {
 public:
  RowRing(const BandGeometry& geometry, std::size_t terms)
      : rows_(2 * geometry.radius_y + rows_at_once),
        terms_(terms),
        width_(padded_width(geometry.width)),
        values_(static_cast<std::size_t>(rows_) * terms * width_, 0.0F) {}
  float* row(std::ptrdiff_t y, std::size_t term) {
    const std::ptrdiff_t slot = ((y % rows_) + rows_) % rows_;
    return values_.data() + (static_cast<std::size_t>(slot) * terms_ + term) * width_;
  }
  std::size_t width() const { return width_; }

 private:
  std::ptrdiff_t rows_;
  std::size_t terms_;
  std::size_t width_;
  std::vector<float, AlignedAllocator<float>> values_;
};

/// out[x] = sum over k of taps[k] row[x + k] for first <= x < last; writes whole steps, so up to
/// columns_at_once - 1 elements beyond `last` are overwritten with what belongs there or with
/// rubbish.
void correlate_row(const float* row, const std::vector<float>& taps, std::ptrdiff_t first,
                   std::ptrdiff_t last, float* out);

/// Filters columns `first`..`last` of rows y..y+3 down the ring, summed over the kernel's terms,
/// into the four rows of `out`, each ring.width() apart. The ring's first terms belong to the
/// kernel.
void correlate_columns(RowRing& ring, std::ptrdiff_t y, const SeparableKernel& kernel,
                       std::ptrdiff_t first, std::ptrdiff_t last, float* out);

}  // namespace polis
