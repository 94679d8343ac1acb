#pragma once

#include <cstdint>
#include <vector>

#include "kernels/mask_bits.h"
#include "kernels/psf.h"
#include "kernels/psf_photometry.h"
#include "kernels/view.h"

namespace polis {

/// Where to measure. Position in pixels.
struct ForcedTarget {
  double x = 0.0, y = 0.0;
};

/// Light at a given place. NaN where nothing can be said (see flags: star_fit_flags).
struct ForcedFlux {
  double flux_psf = 0.0, flux_psf_err = 0.0;
  double flux_aper = 0.0,
         flux_aper_err = 0.0;  ///< circle of aperture_radius_px, local background subtracted
  float background = 0.0f,
        background_err = 0.0f;  ///< local, per pixel: on top of what was subtracted
  float chi2 = 0.0f;
  float masked_fraction = 0.0f;  ///< of the aperture
  std::uint32_t flags = 0;
  MaskPixel mask = 0;  ///< bits OR-ed over the core
};

struct ForcedSettings {
  double aperture_radius_px = 5.0;
  double annulus_inner_px = 0.0;  ///< 0: no local background
  double annulus_outer_px = 0.0;
  double variance_per_signal = 1.0;  ///< slope of variance against signal: 1 for electrons
};

/// PSF and aperture photometry at fixed positions on a background-subtracted image (height x
/// width). All targets and `neighbours` (fixed positions too; may be empty) are fitted together, so
/// that a neighbour's light is not counted; the aperture is measured with all other sources taken
/// away. One result per target, in order.
std::vector<ForcedFlux> forced_photometry(View<const float> image, View<const float> variance,
                                          View<const MaskPixel> mask, const PsfModel& psf,
                                          const std::vector<ForcedTarget>& targets,
                                          const std::vector<ForcedTarget>& neighbours,
                                          const ForcedSettings& settings);

}  // namespace polis
