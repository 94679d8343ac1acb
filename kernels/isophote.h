#pragma once

#include "kernels/detect.h"
#include "kernels/mask_bits.h"
#include "kernels/matched_filter.h"

namespace polis {

/// Moments of the usable pixels that carry a source's label.
struct Isophote {
  double flux = 0.0;
  double variance = 0.0;
  double x = 0.0, y = 0.0;              ///< [px] centroid; the peak where the flux is not positive
  double xx = 0.0, yy = 0.0, xy = 0.0;  ///< [px^2] about it; at least a pixel's own 1/12
  float peak = 0.0F;
  MaskPixel mask = 0;         ///< OR over all its pixels
  std::int32_t left_out = 0;  ///< pixels that were not usable
};

Isophote measure_isophote(const MeasuredPixels& image, View<const std::int32_t> labels,
                          const Detection& source, std::int32_t label);

/// Axes of the ellipse with given second moments: a >= b, theta counter-clockwise from +x in
/// degrees, -90 < theta <= 90.
struct MomentEllipse {
  double a = 0.0, b = 0.0, theta_deg = 0.0;
};
MomentEllipse ellipse_of(double xx, double yy, double xy);

}  // namespace polis
