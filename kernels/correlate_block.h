#pragma once

#include <cstddef>
#include <vector>

#include "kernels/view.h"

namespace polis {

/// The taps of a square kernel, and how far each of its rows reaches.
class BlockTaps {
 public:
  static constexpr std::ptrdiff_t rows_at_once = 4;
  /// `kernel`: odd side x odd side. Taps further than `disc_px` from the middle are dropped; the
  /// others make up for their sum.
  void set(View<const float> kernel, double disc_px = 1e9);
  std::ptrdiff_t radius() const { return radius_; }
  const float* data() const { return taps_.data(); }
  float sum() const;

  /// Columns of taps that any of the up to four kernel rows uses that input row `j` meets.
  struct Extent {
    std::ptrdiff_t first, last;
  };
  const Extent* extents() const { return extents_.data(); }

 private:
  std::ptrdiff_t radius_ = 0;
  std::vector<float> taps_;  // side x side
  std::vector<Extent> extents_;
};

/// [px] Radius of the disc about the middle beyond which all taps together are less than `fraction`
/// of the kernel's absolute values.
double disc_within(View<const float> kernel, double fraction);

inline constexpr std::ptrdiff_t block_columns = 16;  ///< widths are multiples of this
inline constexpr std::ptrdiff_t block_rows = 4;      ///< heights are multiples of this

/// out(x, y) = sum over (i, j) of kernel(i, j) in(x + i, y + j), for all pixels of `out`; `in` is
/// 2 radius wider and higher. Every tap is used as it is: for kernels that change from block to
/// block, taking them apart into products costs more than it saves.
void correlate_block(View<const float> in, const BlockTaps& kernel, View<float> out);

}  // namespace polis
