#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

/// Middle value; for an even count the mean of the two middle ones. May reorder `values`, which
/// must hold no NaN. Empty: NaN.
float median_in_place(std::span<float> values);

/// Middle one of the finite values; for an even count the upper of the two middle ones. None: NaN.
double median_of_finite(std::vector<double> values);

/// A level, the standard deviation of one value about it, and how many values were kept.
struct Level {
  double level = 0.0;
  double sigma = 0.0;
  std::size_t count = 0;
};

/// Clipped mean: starts from the median and the median absolute deviation, then clips `iterations`
/// times at `clip` sigma. Non-finite values are dropped; `values` is reordered. No values: level
/// NaN, count 0.
Level clipped_level(std::span<float> values, double clip = 3.0, int iterations = 3);

/// Clipped mean of an image from at most `samples` pixels on a fixed pattern, leaving out pixels
/// that are not finite or whose mask (which may be empty) has a bit of `avoid`.
Level image_level(View<const float> image, View<const MaskPixel> mask = {},
                  MaskPixel avoid = mask_bits::unusable, std::size_t samples = 1u << 17);

/// The pixels that image_level would look at.
std::vector<float> sample_pixels(View<const float> image, View<const MaskPixel> mask,
                                 MaskPixel avoid, std::size_t samples);

}  // namespace polis
