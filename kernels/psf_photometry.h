#pragma once

#include <cstdint>
#include <vector>

#include "kernels/mask_bits.h"
#include "kernels/psf.h"
#include "kernels/view.h"

namespace polis {

/// A point source before and after the fit. Positions in pixels, fluxes in the image's unit.
struct StarFit {
  double x = 0.0, y = 0.0;
  double flux = 0.0;      ///< total light, wings beyond the stamp included
  double flux_err = 0.0;  ///< 1 sigma, neighbours' freedom included
  float x_err = 0.0f, y_err = 0.0f;
  float chi2 = 0.0f;            ///< reduced chi-square over the fitted pixels
  float background = 0.0f;      ///< local background per pixel, if fitted
  float star_statistic = 1.0f;  ///< 1: a star, 0: extended
  float widening_sigma =
      0.0f;                 ///< how many sigma the source is wider than the PSF (negative: sharper)
  std::int32_t pixels = 0;  ///< pixels that carried the fit
  std::uint32_t flags = 0;  ///< star_fit_flags
};

namespace star_fit_flags {
inline constexpr std::uint32_t neighbour = 1u
                                           << 0;  ///< fitted together with a neighbour that matters
inline constexpr std::uint32_t saturated = 1u << 1;  ///< core saturated: fitted on the wings
inline constexpr std::uint32_t edge = 1u << 2;       ///< stamp cut by the frame's edge
inline constexpr std::uint32_t masked = 1u << 3;     ///< pixels left out within the core
inline constexpr std::uint32_t not_converged =
    1u << 4;  ///< still moving, or went astray and was put back
inline constexpr std::uint32_t no_pixels = 1u << 5;  ///< nothing to fit: flux is NaN
}  // namespace star_fit_flags

struct StarFitSettings {
  int passes = 6;  ///< over all stars, at most
  double tolerance_sigma =
      0.02;  ///< a star rests when it moves less than this many sigma in a pass
  double core_fwhm =
      1.5;  ///< radius of the fit for faint stars, in FWHM; bright ones use the stamp
  double max_shift_fwhm = 0.75;  ///< from where it was given
  double variance_per_signal =
      1.0;  ///< slope of variance against signal: 1 for electrons, 0: variance is smooth
  /// The image is already the residual of these stars; those with an error are near their places.
  bool subtracted = false;
  bool fit_positions = true;    ///< false: forced photometry
  bool fit_background = false;  ///< a constant under each star
  bool correct_bias = true;     ///< of maximum-likelihood fluxes (Portillo et al. 2020)
  bool rough = false;  ///< an intermediate result: position, flux and flux_err of a star alone only
};

/// Fits position and flux of all stars, neighbours together: block Gauss-Seidel on the residual
/// image, in an order that does not depend on threads. `image` (height x width, background
/// subtracted) becomes the residual: image minus all stars. Weights come from the model, not from
/// the noise of the pixel: variance - slope * residual.
void fit_stars(View<float> image, View<const float> variance, View<const MaskPixel> mask,
               const PsfModel& psf, std::vector<StarFit>& stars, const StarFitSettings& settings);

/// Adds (scale 1) or takes away (scale -1) the stars' light.
void add_stars(View<float> image, const PsfModel& psf, const std::vector<StarFit>& stars,
               float scale);

/// Slope of variance against signal over bright pixels, by least squares: near 1 in electrons, 0
/// where the variance does not know the sources. `image` is background subtracted.
double variance_per_signal(View<const float> image, View<const float> variance,
                           View<const MaskPixel> mask);

}  // namespace polis
