#pragma once

#include <cstddef>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

struct BackgroundSettings {
  std::ptrdiff_t mesh_px = 64;       ///< edge of a mesh cell
  std::ptrdiff_t filter_meshes = 3;  ///< edge of the median filter over the mesh; 1: none
  float clip_sigma = 3.0F;           ///< pixels further than this from the median are left out
  float min_valid_fraction =
      0.25F;  ///< a cell with fewer usable pixels is filled from its neighbours
  MaskPixel ignore = mask_bits::unusable | mask_bits::detected;  ///< pixels left out
};

/// Second derivatives of a mesh at its knots, in cells: along y, along x, and along both.
struct SplineBends {
  Plane<float> yy;
  Plane<float> xx;
  Plane<float> xxyy;
};

/// Sky level and noise of an image on a mesh; between the centres of its cells, natural bicubic
/// splines. Planes are rows x columns of cells, y slowest. All values are finite.
struct Background {
  std::ptrdiff_t width = 0;   ///< [px] of the image
  std::ptrdiff_t height = 0;  ///< [px] of the image
  double cell_width_px = 0.0;
  double cell_height_px = 0.0;
  Plane<float> level;  ///< [unit of the pixels]
  Plane<float> rms;    ///< noise per pixel [unit of the pixels]; never negative
  SplineBends level_bends;
  SplineBends rms_bends;
  float global_level = 0.0F;  ///< medians over the mesh
  float global_rms = 0.0F;

  /// Centre of mesh column `i` or row `j`, in 0-based pixels.
  double centre_x_px(std::ptrdiff_t i) const {
    return (static_cast<double>(i) + 0.5) * cell_width_px - 0.5;
  }
  double centre_y_px(std::ptrdiff_t j) const {
    return (static_cast<double>(j) + 0.5) * cell_height_px - 0.5;
  }
};

/// Estimates the sky of `pixels` (height x width; NaN and pixels with an `ignore` bit are left out;
/// the mask may be empty). In each cell the values are clipped about their median until nothing
/// changes; the level is the mode 2.5 median - 1.5 mean, or the median where the cell is crowded
/// (Bertin & Arnouts 1996, A&AS 117, 393, section 3). Cells without usable pixels take the nearest
/// cell's value.
Background estimate_background(View<const float> pixels, View<const MaskPixel> mask,
                               const BackgroundSettings& settings = {});

/// Evaluates the level or the noise along row `y` for columns 0..width-1 of the image into `out`.
void background_level_row(const Background& background, std::ptrdiff_t y, float* out);
void background_rms_row(const Background& background, std::ptrdiff_t y, float* out);

/// The level or the noise at one place of the image (clamped into it), [unit of the pixels].
float background_level_at(const Background& background, double x_px, double y_px);
float background_rms_at(const Background& background, double x_px, double y_px);

/// Subtracts the level from `pixels` (height x width of the background's image) in place.
void subtract_background(const Background& background, View<float> pixels);

}  // namespace polis
