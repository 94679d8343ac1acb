#pragma once

#include <string>
#include <vector>

#include "kernels/background.h"
#include "kernels/detect.h"
#include "kernels/measure.h"
#include "kernels/psf.h"
#include "kernels/psf_photometry.h"
#include "kernels/psf_stars.h"

namespace polis {

struct MeasureImageSettings {
  BackgroundSettings background;
  DetectSettings detect;
  MeasureSettings measure;  ///< psf_fwhm_px is set from the image
  StarFitSettings fit;
  double fwhm_px = 0.0;             ///< 0: measured
  double aperture_radius_px = 0.0;  ///< 0: aperture_fwhm times the FWHM
  double aperture_fwhm = 2.0;
  int psf_order = 2;
  float psf_star_snr = 40.0F;
  double gain_e_per_unit = 1.0;  ///< used where there is no variance; 0: sources add no noise
  bool find_hidden =
      true;  ///< look for stars in what is left when all that are known are taken away
};

/// One source: basic measurements and the fit of the PSF.
struct MeasuredSource {
  SourceMeasurement basic;
  StarFit psf;
};

struct MeasuredImage {
  Background background;
  PsfModel psf;
  double aperture_radius_px = 0.0;
  double variance_per_signal = 0.0;
  std::vector<MeasuredSource> sources;
  std::vector<std::pair<std::string, std::string>> caveats;  ///< (name, text)
};

/// Finds and measures everything on an image (height x width): background, matched filter,
/// detection, deblending, shapes, PSF, PSF photometry of all sources together. `variance` [unit^2]
/// and `mask` may be empty. An image without usable pixels or without sources gives no rows and
/// says why.
MeasuredImage measure_image(View<const float> pixels, View<const float> variance,
                            View<const MaskPixel> mask, const MeasureImageSettings& settings = {});

}  // namespace polis
