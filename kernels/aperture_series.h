#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

/// Where and how to add up light: circles about one centre, the sky from a ring around them. [px]
struct ApertureSeriesSettings {
  std::vector<double> radii_px{3, 4, 5};  ///< ascending
  double annulus_inner_px = 8.0;
  double annulus_outer_px = 13.0;
  double annulus_clip = 2.5;  ///< pixels of the ring beyond this many sigma are left out
  MaskPixel avoid = mask_bits::unusable;  ///< bits that spoil a pixel
};

/// Light within each radius about one position.
struct ApertureSeries {
  std::vector<double>
      flux;  ///< above the sky of the ring, one value per radius; NaN: not inside the image
  std::vector<double> flux_err;        ///< from the variance plane, and the error of the sky
  std::vector<float> masked_fraction;  ///< of each circle's area
  double sky = 0.0, sky_err = 0.0;     ///< per pixel; clipped mean of the ring and its error
  float peak = 0.0F;   ///< highest usable pixel of the smallest circle, sky included
  MaskPixel mask = 0;  ///< bits OR-ed over the largest circle
};

/// Aperture photometry at fixed positions, with the exact overlap of circle and pixels. `variance`
/// and `mask` (height x width) may be empty. A spoilt pixel inside a circle is replaced by its
/// mirror image about the centre where that is usable, by the sky where it is not, and counted in
/// masked_fraction either way.
std::vector<ApertureSeries> aperture_series(View<const float> image, View<const float> variance,
                                            View<const MaskPixel> mask, std::span<const double> x,
                                            std::span<const double> y,
                                            const ApertureSeriesSettings& settings = {});

/// Area common to the circle of `radius` about the origin and the unit square whose centre is (dx,
/// dy).
double circle_pixel_overlap(double dx, double dy, double radius);

}  // namespace polis
