#pragma once

#include <cstdint>
#include <vector>

#include "kernels/matched_filter.h"
#include "kernels/view.h"

/// Plain and slow versions of the detection kernels, to compare with.
namespace polis::reference {

struct Sky {
  double median, mean, sigma;
  std::size_t kept;
};
/// Clips about the exact median, from the interval that clipped_sky documents.
Sky clipped_sky(std::vector<float> values, double clip_sigma);

/// The natural cubic spline through knots 0, 1, 2 ... from the dense system of equations.
double natural_spline(const std::vector<double>& values, double knot);

Plane<float> correlate(View<const float> in, View<const float> kernel);

/// The defining sums of matched_filter, in double, for a variance plane; NaN where less than a
/// tenth of the weight that a sky of `sky_variance` would give is usable.
Plane<float> matched_filter(const MeasuredPixels& image, View<const float> kernel,
                            double sky_variance);

/// Component number + 1 by flood fill (8 neighbours), in order of first pixels; 0 below the
/// threshold.
Plane<std::int32_t> flood_fill(View<const float> image, float threshold);

/// Local maxima, and for each the highest threshold at which it is connected to a higher one, found
/// by thresholding again at every value of the image. Isolated ones have saddle `isophote`.
struct Peak {
  std::int32_t x, y;
  float height, saddle;
  bool highest;
};
std::vector<Peak> peaks_by_thresholding(View<const float> image, float isophote);

/// Sum over a circle with each pixel cut into cuts x cuts parts.
double circle_sum(View<const float> image, double x, double y, double radius, int cuts);

}  // namespace polis::reference
