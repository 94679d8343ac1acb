#pragma once

#include <cstddef>

#include "kernels/view.h"

namespace polis {

/// Place and width of one star.
struct StarCentre {
  double x = 0.0, y = 0.0;  ///< [px]
  double fwhm_px = 0.0;     ///< 0: not measured
  double flux = 0.0;        ///< of the Gaussian that matches [unit]
};

/// Matches a round Gaussian to the middle of a star whose highest pixel is (x, y): its own width is
/// the width of the window through which its moments are measured, found by iteration (Bernstein &
/// Jarvis 2002, AJ 123, 583). The window lies inside the image; pixels that are not finite count as
/// sky.
StarCentre measure_star_centre(View<const float> pixels, double sky, std::ptrdiff_t x,
                               std::ptrdiff_t y);

}  // namespace polis
