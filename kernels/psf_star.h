#pragma once

#include <array>
#include <vector>

#include "kernels/mask_bits.h"
#include "kernels/psf.h"
#include "kernels/view.h"

namespace polis {

/// A star's pixels while a PSF is made from it: square of side 2 * radius + 1 about pixel (x0, y0).
struct PsfStarStamp {
  int radius = 0;
  int x0 = 0, y0 = 0;         ///< middle pixel
  double dx = 0.0, dy = 0.0;  ///< star from the middle pixel [px]
  double flux = 0.0;
  double background = 0.0;
  double chi2 = 0.0;  ///< reduced, with the model's own uncertainty
  bool good = true;
  /// Rows as those of a PsfStamp of this radius: y slowest, stride() apart.
  std::vector<float> data;
  std::vector<float> variance;  ///< 0: pixel left out, as are those between the rows
  std::vector<float> weight;    ///< 1 / variance of the fit; 0: left out
  int side() const { return 2 * radius + 1; }
  std::ptrdiff_t stride() const { return psf_stride(radius); }
  std::size_t index(std::ptrdiff_t i, std::ptrdiff_t j) const {
    return static_cast<std::size_t>(j * stride() + i);
  }
  double x() const { return x0 + dx; }
  double y() const { return y0 + dy; }
};

/// Cuts a star's stamp out; pixels outside, masked (`unusable`), not finite or without variance are
/// left out.
PsfStarStamp cut_psf_star(View<const float> image, View<const float> variance,
                          View<const MaskPixel> mask, const PsfStar& star, int radius);

/// Memory of one thread that fits stars.
struct PsfStarScratch {
  PsfStamp stamp;               ///< the PSF as it was drawn last
  std::vector<float> residual;  ///< what it and the background leave, as `data`
  std::vector<float> ones;
  /// Fills residual and ones from the star and the stamp.
  void take(const PsfStarStamp& star);
};

/// Fits x, y, flux and background of one star with the PSF that the pencil has been placed for, as
/// wide as the star's stamp, and sets its weights: 1 / (noise^2 + (model_error * model)^2), lowered
/// for outliers. `good` becomes false when it fails. `scratch.stamp` gets the PSF at the fitted
/// position, with slopes.
void fit_psf_star(PsfStarStamp& star, PsfPencil& pencil, double model_error,
                  double variance_per_signal, int iterations, PsfStarScratch& scratch);

}  // namespace polis
