#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sky/fit_wcs.h"
#include "sky/wcs.h"

namespace polis {

struct DetectedStar {
  PixelPosition position;
  double error_px = 0.0;  ///< 1 sigma per axis
  double flux = 0.0;
  bool good_position =
      true;  ///< false: helps to recognise the pattern only (saturated, at the edge)
};

struct ReferenceStar {
  SkyPosition position;       ///< at the epoch of the exposure
  double error_arcsec = 0.0;  ///< 1 sigma per axis
  double magnitude = 0.0;     ///< NaN: faintest
};

struct FieldSettings {
  int width = 0, height = 0;  ///< of the detector [px]
  SkyPosition pointing;       ///< roughly its centre; NaN: the middle of the reference
  double pointing_error_arcmin = 60.0;
  double pixel_scale_arcsec = 0.0;  ///< NaN or 0: not known
  double scale_tolerance = 0.05;    ///< share by which the true scale may differ
  int most_sip_order = 4;
  double error_floor_px = 0.01;  ///< added in quadrature to every position's error
  double clip_sigma = 4.0;
  double log10_false_alarm = -6.0;
};

struct FieldSolution {
  bool found = false;
  std::string reason;  ///< why not, for people
  Wcs wcs;
  WcsFit fit;
  double rms_arcsec = 0.0;  ///< per axis, of the stars of the fit
  double log10_false_alarm = 0.0;
  std::vector<std::pair<std::size_t, std::size_t>>
      pairs;  ///< detected and reference star, those kept in the fit
};

/// From a rough pointing to a WCS: any rotation, either parity. Recognises the brightest stars as a
/// pattern (kernels/match.h), fits, pairs all stars within the errors, those of the WCS included,
/// and fits again until the pairs stay the same. Never throws for want of stars: `reason` says what
/// was missing.
FieldSolution solve_field(std::span<const DetectedStar> detected,
                          std::span<const ReferenceStar> reference, const FieldSettings& settings);

}  // namespace polis
