#pragma once

#include <array>

#include "kernels/view.h"

namespace polis {

/// An elliptical Moffat profile (Moffat 1969, A&A 3, 455) whose integral to infinity is 1:
/// (1 + q)^-beta with q = (e-rotated radius / alpha)^2. A large beta is nearly a Gaussian.
struct MoffatShape {
  double log_alpha = 0.0;     ///< ln of the core radius [px]
  double e1 = 0.0, e2 = 0.0;  ///< ellipticity along the axes and the diagonals, |e| < 1
  double inverse_beta = 0.3;  ///< 1 / beta, below 1
  static MoffatShape of_fwhm(double fwhm_px, double beta = 3.0);
  double fwhm_px() const;
};

/// Share of the light in the pixel whose centre lies at (u, v) from the star; by Gauss-Legendre
/// quadrature.
double moffat_pixel(const MoffatShape& shape, double u, double v);

/// Samples of the effective PSF: psf_samples(size, oversampling) square, see PsfModel::terms.
Plane<float> moffat_samples(const MoffatShape& shape, int size, int oversampling);

/// Their derivatives by log_alpha, e1, e2 and inverse_beta.
std::array<Plane<float>, 4> moffat_slopes(const MoffatShape& shape, int size, int oversampling);

/// The same of a circular Gaussian, exactly.
Plane<double> gaussian_samples(double fwhm_px, int size, int oversampling);

}  // namespace polis
