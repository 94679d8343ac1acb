#pragma once

#include <cstddef>
#include <vector>

#include "kernels/view.h"

namespace polis {

/// The taps of a square kernel.
class BlockTaps {
 public:
  /// `kernel`: odd side x odd side; `radius` <= its radius cuts what lies beyond.
  void set(View<const float> kernel, std::ptrdiff_t radius);
  std::ptrdiff_t radius() const { return radius_; }
  const float* data() const { return taps_.data(); }
  float sum() const;

 private:
  std::ptrdiff_t radius_ = 0;
  std::vector<float> taps_;  // side x side
};

inline constexpr std::ptrdiff_t block_columns = 16;  ///< widths are multiples of this
inline constexpr std::ptrdiff_t block_rows = 4;      ///< heights are multiples of this

/// out(x, y) = sum over (i, j) of kernel(i, j) in(x + i, y + j), for all pixels of `out`; `in` is
/// 2 radius wider and higher. Every tap is used as it is: for kernels that change from block to
/// block, taking them apart into products costs more than it saves.
void correlate_block(View<const float> in, const BlockTaps& kernel, View<float> out);

}  // namespace polis
