#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

/// The point-spread function of a frame, as it varies over the field.
///
/// It is the *effective* PSF (Anderson & King 2000, PASP 112, 1360): the value at offset (u, v) is
/// the share of a star's light that falls into a pixel whose centre lies at (u, v) from the star,
/// so the pixel's own width is part of it and no integration is needed to use it. It is sampled
/// `oversampling` times per pixel, so that PSFs that the pixels undersample can be shifted without
/// loss; between samples it is a cubic spline. PSF(x, y) = sum over terms of polynomial_term((x -
/// x_centre) / x_scale, (y - y_centre) / y_scale) * terms[t]; polynomial terms 1, X, Y, X2, XY, Y2,
/// ... by degree, then power of Y.
struct PsfModel {
  int size = 0;                           ///< odd: side of a stamp [px]; 0: no model
  int oversampling = 1;                   ///< samples per pixel
  int order = 0;                          ///< degree of the spatial polynomial
  double x_centre = 0.0, y_centre = 0.0;  ///< [px]
  double x_scale = 1.0, y_scale = 1.0;    ///< [px]
  /// One square plane per polynomial term, side psf_samples(size, oversampling); its middle sample
  /// is the star's place. Light per pixel for a star of flux 1 whose wings are summed to infinity.
  std::vector<Plane<float>> terms;
  double fwhm_px = 0.0;   ///< of the effective PSF at (x_centre, y_centre)
  double enclosed = 1.0;  ///< share of a star's light inside the stamp, mean over the field
  int stars = 0;          ///< that it was made from; 0: a default shape
  bool empty() const { return terms.empty(); }
};

constexpr int psf_term_count(int order) { return (order + 1) * (order + 2) / 2; }
/// Side of a term's plane: the stamp and one pixel more on each side, so that it can be shifted.
constexpr int psf_samples(int size, int oversampling) {
  return 2 * oversampling * (size / 2 + 1) + 1;
}
/// Floats from one row of a stamp to the next: whole vector registers.
constexpr std::ptrdiff_t psf_stride(int radius) { return (2 * radius + 8) / 8 * 8; }
/// Polynomial terms at (x, y); `out` has psf_term_count(model.order) places.
void psf_polynomial(const PsfModel& model, double x, double y, double* out);

/// Draws stars with a model. Made once per frame; `place` costs about a microsecond, `draw` less.
/// Not for sharing between threads after `place`: each thread has its own PsfPencil on one shared
/// brush.
class PsfBrush {
 public:
  explicit PsfBrush(const PsfModel& model);
  int radius() const { return radius_; }  ///< of the stamp: size / 2
  double fwhm_px() const { return fwhm_px_; }
  /// Of the polynomial: half of the frame's shorter side. [px]
  double shorter_scale() const { return std::min(frame_.x_scale, frame_.y_scale); }

 private:
  friend class PsfPencil;
  PsfModel frame_;  // geometry only, no planes
  int radius_ = 0;
  double fwhm_px_ = 0.0;
  std::ptrdiff_t rows_ = 0;     // sample rows
  std::ptrdiff_t phase_ = 0;    // places per phase of a row
  std::ptrdiff_t padding_ = 0;  // padding before the first sample
  std::ptrdiff_t terms_ = 0;
  std::vector<float> coefficients_;  // [row][phase][term][place]
  std::ptrdiff_t core_ = 0;  // pixels from the middle beyond which cubic terms and higher vanish
};

/// A stamp that is drawn with its slopes. Side 2 * radius + 1; rows are `stride` floats apart,
/// psf_stride(radius), and what stands between them is finite.
struct PsfStamp {
  int radius = 0;
  std::ptrdiff_t stride = 0;
  std::vector<float> value, slope_x, slope_y;  ///< slopes: d value / d star position [1/px]
};

class PsfPencil {
 public:
  explicit PsfPencil(const PsfBrush& brush);
  /// Takes the PSF at frame position (x, y), out to `radius` pixels (cut to the brush's radius).
  void place(double x, double y, int radius);
  /// The same, unless what was placed last will do: as wide, and no farther off than `tolerance` in
  /// units of the polynomial's scales. Faint stars need no better.
  void place_near(double x, double y, int radius, double tolerance);
  /// Light of a star of flux 1 that stands (dx, dy) from the centre of the stamp's middle pixel,
  /// |dx|, |dy|
  /// <= 1. The stamp's sum is the share of light inside it, not 1. `slopes`: also slope_x and
  /// slope_y.
  void draw(double dx, double dy, bool slopes, PsfStamp& out);

 private:
  void draw_across(const std::array<const float*, 4>& taps, const std::array<float, 4>& weight,
                   const std::array<float, 4>& slope, std::ptrdiff_t width, bool slopes,
                   std::ptrdiff_t row);
  const PsfBrush& brush_;
  int radius_ = -1;  // nothing placed
  double x_ = 0.0, y_ = 0.0;
  std::vector<float> local_;
  std::vector<float> across_, across_slope_;
};

/// The PSF at frame position (x, y), for a star (dx, dy) from the middle pixel; size x size, sum 1.
/// For kernels that convolve or match. Empty model: an empty plane.
Plane<float> evaluate_psf(const PsfModel& model, double x, double y, double dx = 0.0,
                          double dy = 0.0);

/// A star from which a PSF may be built.
struct PsfStar {
  double x = 0.0, y = 0.0;  ///< [px], good to a pixel
  double flux = 0.0;        ///< rough
};

struct PsfBuildSettings {
  double fwhm_px = 3.0;      ///< first estimate
  int max_order = 2;         ///< of the spatial polynomial; fewer stars give a lower one
  double radius_fwhm = 4.0;  ///< radius of the stamp in units of the FWHM
  int max_stars = 400;       ///< the brightest are taken
  int iterations = 2;
  double variance_per_signal =
      1.0;  ///< slope of variance against signal: 1 for electrons, 0 for none
};

/// Builds the PSF from stars on a background-subtracted image (height x width); variance in its
/// units squared; mask: pixels with `unusable` bits are left out. Stars that do not fit are
/// dropped. At least one good star gives a Moffat profile, more give what the Moffat profile
/// leaves, many give its variation over the field; none gives a Gaussian of settings.fwhm_px with
/// `stars` 0.
PsfModel build_psf(View<const float> image, View<const float> variance, View<const MaskPixel> mask,
                   std::vector<PsfStar> stars, const PsfBuildSettings& settings);

/// A model of one Gaussian or Moffat profile, constant over a frame of width x height.
PsfModel gaussian_psf(double fwhm_px, double radius_fwhm, std::ptrdiff_t width,
                      std::ptrdiff_t height);

}  // namespace polis
