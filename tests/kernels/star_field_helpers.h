#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis::star_field {

struct Star {
  double x = 0.0, y = 0.0, flux = 0.0;
};

/// What the telescope does: a Moffat PSF that grows and turns over the field.
struct Optics {
  double fwhm_px = 3.0;  ///< in the middle
  double beta = 3.5;
  double growth = 0.1;        ///< relative growth of the FWHM from the middle to the corner
  double ellipticity = 0.08;  ///< in the corners
  double sky_e = 200.0;       ///< per pixel
  double read_noise_e = 5.0;
};

/// An image with known truth, in electrons, sky subtracted; the variance knows the noise of each
/// pixel, as real ones do.
struct Field {
  Plane<float> image, variance;
  Plane<MaskPixel> mask;
  Plane<double> truth;  ///< light of the stars without noise
  std::vector<Star> stars;
  Optics optics;
};

/// Share of a star's light in pixel (x, y): the profile integrated over the pixel by brute force.
double light_in_pixel(const Optics& optics, const Star& star, std::ptrdiff_t width,
                      std::ptrdiff_t height, std::ptrdiff_t x, std::ptrdiff_t y);

/// Draws the stars without noise.
Plane<double> draw_light(const Optics& optics, const std::vector<Star>& stars, std::ptrdiff_t width,
                         std::ptrdiff_t height);

/// Draws the stars and adds noise.
Field make_field(const Optics& optics, std::vector<Star> stars, std::ptrdiff_t width,
                 std::ptrdiff_t height, std::uint64_t seed);
/// New noise on the same stars.
void renew_noise(Field& field, std::uint64_t seed);

/// Stars on a grid of `step` pixels, moved at random by up to one pixel; fluxes between the bounds,
/// log-uniform.
std::vector<Star> grid_of_stars(std::ptrdiff_t width, std::ptrdiff_t height, double step,
                                double flux_low, double flux_high, std::uint64_t seed);

/// Cramer-Rao bound of a lone star's flux when x, y and flux are unknown and the sky is known.
double flux_bound(const Optics& optics, const Star& star, std::ptrdiff_t width,
                  std::ptrdiff_t height);

}  // namespace polis::star_field
