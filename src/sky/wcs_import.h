#pragma once

#include <string>

#include "sky/wcs.h"

namespace polis {

/// Turns the WCS cards of any celestial projection that WCSLIB knows (TPV, SIN, ZPN, ...) into TAN
/// with SIP distortion, by sampling it over a detector of width x height pixels and fitting.
/// `cards`: FITS header cards of 80 characters each, WCS keywords only. Not valid if WCSLIB
/// refuses, the frame is not equatorial, or the fit leaves more than 0.05 pixels anywhere.
/// `error_px` is the largest deviation of the fit. [px]
struct ImportedWcs {
  Wcs wcs;
  double error_px = 0.0;
  std::string problem;  ///< empty if valid
};
ImportedWcs import_wcs(const std::string& cards, int width, int height);

}  // namespace polis
