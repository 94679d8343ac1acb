#pragma once

#include <span>

#include "kernels/resample.h"
#include "sky/wcs.h"

namespace polis {

/// Pixels on the sky: what a frame covers, or what is to be made.
struct PixelGrid {
  Wcs wcs;
  int width = 0, height = 0;
};

/// Where the pixels of `to` lie in a frame with WCS `from`; both WCS are valid. Nodes of which
/// `from` sees nothing (the far side of the sky) are NaN. Within 1e-3 px for usual distortions.
PixelMap map_pixels(const PixelGrid& to, const Wcs& from, std::ptrdiff_t step = 8);

/// The upright grid (TAN without distortion, north up, east to the left) with square pixels of
/// `scale_arcsec` that covers all `frames`, each along its whole edge, and at most `most_pixels` a
/// side. Its centre is that of the frames.
PixelGrid covering_grid(std::span<const PixelGrid> frames, double scale_arcsec, int most_pixels);

}  // namespace polis
