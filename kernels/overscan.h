#pragma once

#include <span>

#include "kernels/view.h"

namespace polis {

struct OverscanOptions {
  double clip_sigma = 3.0;
  /// Rows on either side that are averaged with a row, where the levels of neighbouring rows differ
  /// by no more than the noise of their pixels: then the level adds next to no noise of its own to
  /// the row.
  int half_rows = 8;
};

/// Level of the overscan in each row, robust against hits and deferred charge.
///
/// @param overscan  height x width: the overscan pixels of one amplifier [ADU]; values that are not
/// finite are left out
/// @param levels    out: one per row [ADU]; a row without values takes the level of the whole
/// @return standard deviation of one pixel about the level of its row: the read noise [ADU]; NaN
/// without values
double overscan_levels(View<const float> overscan, const OverscanOptions& options,
                       std::span<float> levels);

/// One level for the whole section (where the overscan does not lie beside the rows of the data).
/// [ADU] NaN when it holds no finite value.
float overscan_level(View<const float> overscan, const OverscanOptions& options);

}  // namespace polis
