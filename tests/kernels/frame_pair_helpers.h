#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/difference.h"
#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis::frame_pair {

/// How one of the two frames was taken. Its PSF is a Moffat that grows and turns over the field.
struct Conditions {
  double fwhm_px = 3.0;  ///< in the middle
  double beta = 3.5;
  double growth = 0.05;       ///< relative growth of the FWHM from the middle to the corner
  double ellipticity = 0.05;  ///< in the corners; its angle is that of the place about the middle
  double tilt = 0.0;          ///< relative change of the FWHM from left to right
  double throughput = 1.0;    ///< electrons per unit of a star's flux
  double throughput_tilt = 0.0;  ///< its relative change from bottom to top
  double sky_e = 300.0;
  double sky_slope = 0.1;  ///< relative change of the sky from left to right
  double sky_bowl = 0.05;  ///< and from the middle to the corner
  double read_noise_e = 5.0;
  double exposures = 1.0;          ///< whose mean it is
  double defects_per_mpix = 50.0;  ///< cosmic rays and the like, masked
};

struct Source {
  double x = 0.0, y = 0.0, flux = 0.0;
  double snr = 0.0;  ///< of a new source: in the best possible difference
};

struct Frame {
  Plane<float> pixels, variance;
  Plane<MaskPixel> mask;
  DifferenceFrame view() const { return {pixels.view(), variance.view(), mask.view()}; }
};

struct Scene {
  Conditions science, reference;
  std::vector<Source> stars;  ///< in both
  std::vector<Source> fresh;  ///< in the science frame alone
  Frame science_frame, reference_frame;
};

/// `count` stars of which N(> flux) goes as flux^-0.75, from `faintest` up to where they saturate.
std::vector<Source> make_stars(std::ptrdiff_t width, std::ptrdiff_t height, int count,
                               double faintest, std::uint64_t seed);

/// Share of a star's light in pixel (x, y).
double light_in_pixel(const Conditions& conditions, std::ptrdiff_t width, std::ptrdiff_t height,
                      const Source& star, std::ptrdiff_t x, std::ptrdiff_t y);

/// Draws both frames with noise, and `fresh` sources of each of the signal-to-noise ratios into the
/// science frame, at random places at least 12 px from the border and 25 px from each other. Their
/// flux is such that a filter that knows everything finds them at that ratio, on what is there.
Scene make_scene(const Conditions& science, const Conditions& reference, std::vector<Source> stars,
                 std::ptrdiff_t width, std::ptrdiff_t height, int fresh_of_each,
                 const std::vector<double>& ratios, std::uint64_t seed);

}  // namespace polis::frame_pair
