#pragma once

#include <vector>

#include "kernels/mask_bits.h"
#include "kernels/psf.h"
#include "kernels/view.h"

namespace polis {

/// A difference image with its score, as subtract_frames() leaves them; all height x width.
struct CandidateImages {
  View<const float> difference;
  View<const float> variance;  ///< [unit^2]; 0: no value
  View<const MaskPixel> mask;
  View<const float> score;  ///< S/N of a point source centred on the pixel; either sign
};

struct CandidateSettings {
  double threshold_snr = 5.0;
  double separation_fwhm = 1.0;  ///< of two peaks of one sign: the lower is part of the higher
  int most = 20000;  ///< candidates of a frame: the most significant. More is a failed subtraction
};

/// Something that is brighter (sign 1) or fainter (-1) than before.
struct DifferenceSource {
  double x = 0.0, y = 0.0;              ///< [px]
  double x_error = 0.0, y_error = 0.0;  ///< 1 sigma [px]
  int sign = 1;
  double snr = 0.0;                     ///< of the matched filter at the peak, positive
  double flux = 0.0, flux_error = 0.0;  ///< PSF flux, with its sign [unit]
  double chi2 = 0.0;                    ///< per pixel, of the PSF within 1.5 FWHM
  double fwhm_px = 0.0;  ///< from Gaussian-weighted second moments, freed of the weight; NaN: none
  double elongation = 0.0;  ///< major over minor axis; NaN likewise
  double dipole = 0.0;  ///< 0..1: significant light of the other sign within two FWHM over its own
  int opposite_pixels =
      0;                  ///< of the 5 x 5 around the peak, those beyond 2 sigma of the other sign
  int masked_pixels = 0;  ///< of the 5 x 5 around the peak, those with an unusable bit or outside
  double edge_distance_px = 0.0;  ///< from the middle of the peak's pixel to the nearest edge
};

/// The peaks of the score's absolute value above the threshold, the most significant first. `psf`:
/// of the frame that gave the difference its seeing. The same on any number of threads.
std::vector<DifferenceSource> find_candidates(const CandidateImages& images, const PsfModel& psf,
                                              const CandidateSettings& settings = {});

}  // namespace polis
