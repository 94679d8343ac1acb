#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/view.h"

namespace polis {

/// Functions of which a matching kernel is made: products of functions of x and of y, each on
/// -radius..radius.
struct KernelBasis {
  std::ptrdiff_t radius = 0;
  std::vector<std::vector<float>> profiles;                   ///< 2 radius + 1 values each
  std::vector<std::pair<std::size_t, std::size_t>> products;  ///< profile along x, profile along y

  std::size_t size() const { return products.size(); }
  /// sum over b of weights[b] x function b, (2 radius + 1)^2 values.
  Plane<float> combine(const double* weights) const;
  /// sum over pixels of function a x function b.
  double overlap(std::size_t a, std::size_t b) const;
};

/// Three Gaussians of half, once and twice the width that separates the two seeings, times
/// polynomials (Alard & Lupton 1998, with the widths of Israel, Hessman & Schuh 2007, AN 328, 16),
/// and the nine pixels of the middle alone, for shifts and for seeings that hardly differ.
KernelBasis make_kernel_basis(double fwhm_sharp_px, double fwhm_broad_px, std::ptrdiff_t radius);

/// What each function makes of a window of an image: `out` row b is the window correlated with
/// function b, (side - 2 radius)^2 values, row by row. `in` is side x side.
void correlate_basis(const KernelBasis& basis, View<const float> in, View<float> out);

}  // namespace polis
