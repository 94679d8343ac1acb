#pragma once

#include "kernels/view.h"

namespace polis {

/// Pixels around a tile for which the images are made as well: what two growths by one pixel look
/// at.
inline constexpr std::ptrdiff_t kLaplacianMargin = 2;

/// The images of L.A.Cosmic (van Dokkum 2001) for a tile and its margin: all are
/// (height + 2 kLaplacianMargin) x (width + 2 kLaplacianMargin).
struct LaplacianTile {
  Plane<float> significance;  ///< S': Laplacian of the image subsampled by 2, over twice the noise,
                              ///< minus its median
  Plane<float> structure;     ///< F: fine structure over the noise, at least 0.01
  Plane<float> background;    ///< local median [unit of the image]
  Plane<float> noise;         ///< root of the local median of the variance [unit of the image]
};

/// @param image, variance  the whole image; beyond its border the nearest pixel stands
LaplacianTile laplacian_tile(View<const float> image, View<const float> variance, std::ptrdiff_t x0,
                             std::ptrdiff_t y0, std::ptrdiff_t width, std::ptrdiff_t height);

}  // namespace polis
