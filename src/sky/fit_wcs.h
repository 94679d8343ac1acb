#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/distortion_fit.h"
#include "sky/wcs.h"

namespace polis {

/// One star seen on the detector whose place on the sky is known.
struct StarPair {
  PixelPosition pixel;
  SkyPosition sky;
  double error_px = 0.0;  ///< 1 sigma per axis, of both positions together; <= 0 or NaN: not used
};

struct WcsFitSettings {
  int width = 0, height = 0;  ///< of the detector [px]; the reference pixel is its centre
  int most_sip_order = 4;     ///< 1: none; at most 5
  double clip_sigma = 4.0;
};

struct WcsFit {
  bool found = false;
  Wcs wcs;
  DistortionFit map;               ///< detector to the undistorted tangent plane [px]
  std::vector<std::uint8_t> used;  ///< per pair
  std::size_t stars = 0;
  double rms_px = 0.0;  ///< per axis, of the stars used
  double reduced_chi2 = 0.0;
  /// 1 sigma per axis of the WCS itself at a place of the detector, scaled up where chi2 says so.
  /// [arcsec]
  double error_arcsec(PixelPosition pixel) const;
};

/// Fits TAN with as much SIP distortion as the stars demand (kernels/distortion_fit.h); outliers
/// are rejected. Not found with fewer than 3 usable pairs, or when they lie on a line. `guess`: sky
/// position of about the detector's centre.
WcsFit fit_wcs(std::span<const StarPair> pairs, SkyPosition guess, const WcsFitSettings& settings);

/// Adds the polynomials AP, BP that undo the SIP distortion to about 1e-3 of it over the detector,
/// for readers that do not iterate; to_pixel itself needs none.
void add_inverse_sip(Wcs& wcs, int width, int height);

}  // namespace polis
