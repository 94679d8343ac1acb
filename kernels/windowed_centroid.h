#pragma once

#include "kernels/source_stamp.h"

namespace polis {

struct WindowedCentroid {
  bool converged = false;
  double x = 0, y = 0;          ///< [px] in the stamp
  double x_err = 0, y_err = 0;  ///< [px] 1 sigma
  double sigma_px = 0;  ///< of the source without the window, as if it were Gaussian; 0: unknown
};

/// Centroid under a Gaussian window of `sigma_px` that moves with it, from a start at (x, y), in
/// stamp pixels (the windowed positions of Bertin & Arnouts' SExtractor manual: step twice the
/// offset).
WindowedCentroid windowed_centroid(const SourceStamp& stamp, double x, double y, double sigma_px);

}  // namespace polis
