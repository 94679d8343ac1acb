#pragma once

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

/// A Gaussian star of unit flux, integrated over pixels, centred at (x, y) of the image. [px]
void draw_gaussian_star(View<float> image, double x, double y, double fwhm_px);

/// The smallest brightness that the pixels next to a star's highest pixel can have, relative to it,
/// wherever in the pixel the star's centre lies: what is sharper was not made by the optics.
struct StarSharpness {
  double side = 0.0;    ///< of the four that share a side
  double corner = 0.0;  ///< of the four that share a corner
};
StarSharpness sharpest_star(double fwhm_px);

/// Width of the narrowest common point sources, from the ratio of bright peaks to their neighbours:
/// quick and rough (10 %), before sources are measured. `fallback` where fewer than five peaks are
/// found.
/// @param image     height x width [electron], background included
/// @param variance  same size [electron^2]
/// @return FWHM [px]
double estimate_star_fwhm(View<const float> image, View<const float> variance,
                          View<const MaskPixel> mask, double fallback);

}  // namespace polis
