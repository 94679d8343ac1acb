#pragma once

#include <array>
#include <vector>

#include "kernels/view.h"

namespace polis {

/// An elliptical Moffat profile (Moffat 1969, A&A 3, 455), normalised to 1:
/// norm * (1 + q_xx x^2 + 2 q_xy x y + q_yy y^2)^-beta. [px]
struct OpticalMoffat {
  double beta = 3.0;
  double q_xx = 1.0, q_xy = 0.0, q_yy = 1.0;
  double fwhm_px() const;         ///< of the circle with the same area
  double core_radius_px() const;  ///< alpha of that circle
  double norm() const;
};

/// A symmetric matrix of squared widths: contributions to a blur add up in it. [px^2]
struct Widths {
  double xx = 0.0, xy = 0.0, yy = 0.0;
  Widths& add_round(double width);
  Widths& add_along(double width, double direction_x,
                    double direction_y);  ///< direction of any length
};
/// The Moffat profile whose squared FWHM along each direction is given by `fwhm`.
OpticalMoffat moffat_of(const Widths& fwhm, double beta);

/// The point-spread function of one exposure: a Moffat profile whose shape varies over the field,
/// drawn once per image of the star (one; a ring of them when out of focus; two after a jump of the
/// tracking).
struct PsfField {
  struct Image {
    double dx = 0.0, dy = 0.0, weight = 1.0;  ///< [px]; weights sum to 1
  };
  double beta = 3.0;
  double centre_x = 0.0, centre_y = 0.0, half_diagonal = 1.0;  ///< [px]
  double seeing_fwhm_px = 3.0;
  double corner_growth =
      0.0;          ///< FWHM at the corner, radially: sqrt(1 + growth (2 + growth)) of the centre's
  Widths tracking;  ///< squared FWHM of the image motion
  double rotation_rad = 0.0;  ///< of the field during the exposure
  std::vector<Image> images{Image{}};

  OpticalMoffat at(double x, double y) const;
  /// Squared second-moment radius that the several images add, for a measure of the whole width.
  /// [px^2]
  double spread_px2() const;
};

/// Images on a ring of `radius_px`, for a defocused star.
std::vector<PsfField::Image> ring_of_images(double radius_px);

/// Radius beyond which a star of `flux` adds less than `faintest` per pixel and less than `missing`
/// of its light.
double star_radius_px(const OpticalMoffat& shape, double flux, double faintest, double missing);

/// Adds a star to the rows `first_row` .. first_row + band.height of an image: `band` is those
/// rows. The profile is integrated over each pixel (Gauss-Legendre, 3 x 3 near the centre, 2 x 2
/// outside).
void draw_star(View<float> band, std::ptrdiff_t first_row, const OpticalMoffat& shape, double x,
               double y, double flux, double radius_px);

/// Profile sampled at pixel centres on (2 half + 1)^2 pixels, all images together, sum 1: for
/// convolving.
Plane<float> psf_kernel(const PsfField& psf, const OpticalMoffat& shape, int half);

}  // namespace polis
