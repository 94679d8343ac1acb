#pragma once

#include <vector>

#include "kernels/measure.h"
#include "kernels/psf.h"

namespace polis {

struct PsfStarSettings {
  float min_snr = 40.0F;  ///< of a candidate; halved twice while there are fewer than `wanted`
  int wanted = 15;  ///< with fewer, stars that miss up to 3 % of their pixels are taken as well
  double isolation_fwhm = 3.0;  ///< no neighbour of 3 % of its light within this distance
};

struct PsfStarChoice {
  std::vector<PsfStar> stars;
  double fwhm_px = 0.0;  ///< of the bright sources that are most alike; 0: none
};

/// Chooses what a PSF can be made from: unsaturated, whole, isolated sources whose width lies at
/// that of the stars. Stars are what is most alike among the bright sources, in width, half-light
/// radius, elongation and sharpness: hot pixels and particle hits may be many more, but they are
/// sharper than a pixel or all different.
PsfStarChoice choose_psf_stars(const std::vector<SourceMeasurement>& sources,
                               const PsfStarSettings& settings = {});

}  // namespace polis
