#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/view.h"

namespace polis {

/// A circular Gaussian of the given full width at half maximum, sampled at pixel centres out to
/// 1.5 FWHM (at least 1 pixel), of odd size, sum 1.
Plane<float> gaussian_kernel(double fwhm_px);

/// A kernel as a sum of products column(y) x row(x), by singular value decomposition.
struct SeparableKernel {
  std::ptrdiff_t radius_x = 0;
  std::ptrdiff_t radius_y = 0;
  std::vector<std::vector<float>> rows;     ///< along x: 2 radius_x + 1 values each
  std::vector<std::vector<float>> columns;  ///< along y: 2 radius_y + 1 values each
  std::size_t rank() const { return rows.size(); }
};

/// Splits `kernel` (odd height x odd width) into at most `max_rank` products such that what is left
/// out is below `tolerance` of its norm. A Gaussian along the axes has rank 1; a turned or Moffat
/// PSF 2 to 4.
SeparableKernel separate_kernel(View<const float> kernel, double tolerance = 1e-3,
                                std::size_t max_rank = 6);

/// out(x, y) = sum over (i, j) of kernel(i, j) in(x + i - radius_x, y + j - radius_y): a
/// correlation; flip the kernel for a convolution. Pixels outside the image count as 0. `in` and
/// `out` are height x width and do not overlap.
void correlate(View<const float> in, View<const float> kernel, View<float> out);
void correlate(View<const float> in, const SeparableKernel& kernel, View<float> out);

}  // namespace polis
