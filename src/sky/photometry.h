#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sky/exposure.h"
#include "sky/table.h"

namespace polis {

struct PhotometryOptions {
  double least_snr = 20.0;  ///< of stars that enter the fit
  double most_separation_px =
      1.5;  ///< between a source and its reference star, beyond their errors
  double isolation_fwhm =
      3.0;  ///< no other reference star of the same brightness within so many FWHM
  int most_spatial_order = 2;  ///< of the residual map: 0 (none) to 2
  double clip_sigma = 3.5;
  double instrument_zero_point = 25.0;  ///< of the magnitudes when nothing else is known
};

/// mag = zero_point - 2.5 log10(electrons per second) + colour_term x (colour - mean colour) +
/// map(x, y), in the reference's own system; the map has mean 0 over the frame.
struct ZeroPoint {
  bool found = false;
  std::string reason;     ///< why not
  double mag = kUnknown;  ///< 1 electron per second gives this magnitude
  double error_mag = kUnknown;
  double scatter_mag = kUnknown;  ///< rms of the stars used
  double extra_mag = kUnknown;    ///< scatter beyond the photometric errors: flat, PSF, reference
  std::size_t stars = 0;
  std::string colour;  ///< "mag_g - mag_r", or empty
  double colour_term = 0.0, colour_term_error = 0.0, mean_colour = 0.0;
  int spatial_order = 0;
  std::vector<double>
      spatial;  ///< Legendre terms x, y, (then x2, xy, y2) over the frame, each -1..1
  double spatial_rms_mag = 0.0;  ///< of the map over the frame
  double map(double x, double y, int width, int height) const;
};

/// Compares the catalog's PSF fluxes with the reference magnitudes of the exposure's filter. Needs
/// columns ra, dec.
ZeroPoint fit_zero_point(const TableSet& catalog, const Exposure& exposure,
                         const TableSet& reference, const PhotometryOptions& options);

/// Median and robust scatter of aperture minus PSF magnitude of bright, clean, isolated stars.
struct ApertureCheck {
  std::size_t stars = 0;
  double median_mag = kUnknown;
  double scatter_mag = kUnknown;
};
ApertureCheck compare_apertures(const Table& sources);

/// Magnitude at which a point source has S/N 5 under a Gaussian PSF of the frame's width and the
/// frame's sky noise (noise-equivalent area 4 pi sigma^2: King 1983, PASP 95, 163). NaN where one
/// of these is not known.
double limiting_magnitude(const Facts& facts, double zero_point_mag, double exposure_time_s,
                          double snr = 5.0);

/// Adds columns mag, mag_err, and the facts of docs/formats/catalog.md, with those of the exposure
/// that whoever looks at a whole night needs. Without a zero point the magnitudes are instrumental
/// and a caveat says so.
void write_photometry(TableSet& catalog, const Exposure& exposure, const ZeroPoint& zero_point,
                      const PhotometryOptions& options);

}  // namespace polis
