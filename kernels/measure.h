#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/detect.h"
#include "kernels/matched_filter.h"

namespace polis {

inline constexpr std::size_t max_apertures = 4;

struct MeasureSettings {
  double psf_fwhm_px = 3.0;                  ///< of the frame: where a source has no usable shape
  std::vector<double> aperture_radii_px{5};  ///< at most max_apertures
  double kron_factor = 2.5;                ///< auto radius in Kron radii (Kron 1980, ApJS 43, 305)
  double kron_min_radius = 3.5;            ///< least auto radius, in units of a and b
  std::int32_t max_stamp_radius_px = 500;  ///< what is larger is cut there and flagged
};

/// Basic measurements of one source, from the sky-subtracted pixels. Positions are 0-based pixels;
/// errors are 1 sigma from the variance plane. Masked pixels and those of other sources are
/// replaced by their mirror image about the centre where that is usable, and left out where it is
/// not.
struct SourceMeasurement {
  /// Windowed centroid, within half a FWHM of the source's peak; the peak where it fails.
  double x = 0, y = 0;
  float x_err = 0, y_err = 0;
  double x_iso = 0, y_iso = 0;  ///< isophotal centroid
  std::array<double, max_apertures> flux_aper{}, flux_aper_err{};
  double flux_auto = 0, flux_auto_err = 0;
  double flux_iso = 0, flux_iso_err = 0;
  float kron_radius = 0;              ///< [px] semi-major axis of the first-moment ellipse
  float half_light_radius = 0;        ///< [px] of the auto flux
  float xx = 0, yy = 0, xy = 0;       ///< isophotal second moments [px^2]
  float a = 0, b = 0, theta_deg = 0;  ///< ellipse; counter-clockwise from +x
  float fwhm = 0;                     ///< [px] of the core, as if it were Gaussian
  float peak = 0;                     ///< highest pixel above the background
  float background = 0;               ///< local background per pixel; 0 without a background
  float snr = 0;                      ///< of the matched filter at the peak
  std::int32_t pixels = 0;
  std::int32_t flags = 0;      ///< source_flags
  float missing_part = 0;      ///< of the aperture's pixels, how many are masked or outside
  std::int32_t mask_bits = 0;  ///< OR of the mask within one FWHM of the centre
};

/// Measures each of `detections.sources`, in their order, in parallel over sources.
std::vector<SourceMeasurement> measure_sources(const MeasuredPixels& image,
                                               const Detections& detections,
                                               const MeasureSettings& settings = {});

}  // namespace polis
