#pragma once

#include <vector>

#include "kernels/measure.h"
#include "kernels/psf.h"

namespace polis {

struct PsfStarSettings {
  float min_snr = 40.0F;  ///< of a candidate; halved twice while there are fewer than `wanted`
  int wanted = 15;
  double isolation_fwhm = 3.0;  ///< no neighbour of 3 % of its light within this distance
};

struct PsfStarChoice {
  std::vector<PsfStar> stars;
  double fwhm_px = 0.0;  ///< mode of the sharp sources' widths; 0: none
};

/// Chooses what a PSF can be made from: unsaturated, whole, isolated sources whose width lies at
/// the mode of the bright sources' widths (the locus of stars; galaxies are wider, cosmic rays
/// sharper).
PsfStarChoice choose_psf_stars(const std::vector<SourceMeasurement>& sources,
                               const PsfStarSettings& settings = {});

}  // namespace polis
