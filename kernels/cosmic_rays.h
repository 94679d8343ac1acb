#pragma once

#include <cstddef>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

struct CosmicRayOptions {
  float sigma_clip = 4.5F;          ///< significance of the Laplacian
  float neighbour_fraction = 0.3F;  ///< share of it that suffices next to a cosmic ray
  float min_contrast =
      2.0F;  ///< Laplacian over fine structure; raised to what the sharpest star reaches
  int max_iterations = 4;
  double fwhm_px = 0.0;  ///< of the narrowest stars; 0: estimated from the image
};

struct CosmicRays {
  std::size_t pixels = 0;
  int iterations = 0;
  double fwhm_px = 0.0;   ///< that was used
  float contrast = 0.0F;  ///< that was used
};

/// Sets `cosmic_ray` by Laplacian edge detection (L.A.Cosmic: van Dokkum 2001, PASP 113, 1420).
///
/// The noise is the root of the local median of `variance`, so the background may have been
/// subtracted or not, and flat fields count. The contrast with the fine structure image that a hit
/// must have follows from the stars' width, and a peak whose neighbours are as bright as a star's
/// is left alone, so undersampled stars stay whole. Pixels with another bit of `unusable` are
/// replaced by their neighbours for the search and never marked; the surroundings of saturated
/// stars are left out.
///
/// @param image     height x width [electron]; not changed; must be free of NaN
/// @param variance  same size [electron^2]
/// @param mask      same size; read and written
CosmicRays find_cosmic_rays(View<const float> image, View<const float> variance,
                            const CosmicRayOptions& options, View<MaskPixel> mask);

/// The largest contrast (Laplacian over fine structure) that a star of this width reaches in any
/// pixel.
float star_contrast(double fwhm_px);

}  // namespace polis
