#pragma once

#include <vector>

#include "kernels/psf.h"
#include "kernels/psf_star.h"

namespace polis {

struct PsfDetailSettings {
  int order = 2;            ///< of the spatial polynomial of what is added; at most the model's
  double radius_px = 8.0;   ///< beyond it the smooth profile stands as it is
  double amplitude = 0.05;  ///< expected departure from the profile, relative
  double smooth_px = 0.5;   ///< features are expected to be wider than this (1 sigma)
  int iterations = 15;      ///< of the conjugate gradients
};

/// What a smooth profile leaves: finds what to add to the model's first terms so that they fit the
/// stars' pixels, at the stars' positions, fluxes and weights. Least squares with a Gaussian prior
/// whose size follows the profile, so that few or faint stars add nothing and wings stay smooth;
/// conjugate gradients. What is added moves neither the centre of light nor the total.
/// `solution` keeps the unknowns, from which the next call for the same profile sets out; empty
/// before the first.
void fit_psf_detail(PsfModel& model, const std::vector<PsfStarStamp>& stars,
                    const PsfDetailSettings& settings, std::vector<float>& solution);

}  // namespace polis
