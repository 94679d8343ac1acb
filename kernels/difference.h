#pragma once

#include <cstddef>
#include <utility>

#include "kernels/difference_kernel.h"
#include "kernels/mask_bits.h"
#include "kernels/view.h"

/// What changed between two frames of one piece of sky: the sharper one is convolved with a kernel
/// that varies over the field until it looks like the other (Alard & Lupton 1998, ApJ 503, 325;
/// Alard 2000, A&AS 144, 363), the two are subtracted, the correlation that the convolution put
/// into the noise is taken out again (Reiss & Lupton 2016, DMTN-021), and a matched filter turns
/// the result into signal-to-noise.
namespace polis {

/// One frame, all planes height x width on the same grid as the other frame.
struct DifferenceFrame {
  View<const float> pixels;    ///< with or without its sky
  View<const float> variance;  ///< [unit^2]; not positive: the pixel is not usable
  View<const MaskPixel> mask;  ///< may be empty
};

enum class Convolve { automatic, reference, science };

struct DifferenceSettings {
  std::ptrdiff_t kernel_radius_px = 10;  ///< the kernel has 2 radius + 1 pixels on a side
  int kernel_order = 2;                  ///< of its polynomial over the field
  int background_order = 2;              ///< of the differential sky level
  Convolve convolve = Convolve::automatic;
  int wanted_stars = 300;      ///< to fit the kernel on
  double min_star_snr = 10.0;  ///< of a star's highest pixel in both frames
  double model_error = 0.003;  ///< the kernel is not trusted beyond this part of the light
  double reach_fraction =
      0.002;                     ///< a mask grows until less than this part of the kernel is beyond
  bool noise_from_image = true;  ///< scale the score so that the noise on the sky is 1
};

struct DifferenceQuality {
  int stars_found = 0;
  int stars_used = 0;  ///< left after outliers were dropped; 0: no kernel
  double fwhm_science_px = 0.0;
  double fwhm_reference_px = 0.0;
  double flux_ratio = 0.0;             ///< science over reference, in the middle
  double star_chi2 = 0.0;              ///< reduced, median over the stars that were used
  double registration_error_px = 0.0;  ///< scatter of the stars' places after the fit
  double light_error = 0.0;            ///< scatter of the stars' light after the fit, relative
  double noise_scale = 1.0;            ///< noise of the score on the sky before it was scaled
};

/// All planes height x width; empty planes and quality.stars_used == 0 where no kernel could be
/// fitted.
struct Difference {
  Plane<float> difference;  ///< science - reference, decorrelated, in the science frame's unit; 0
                            ///< where the mask has an unusable bit
  Plane<float> variance;    ///< of `difference` [unit^2]
  Plane<MaskPixel> mask;    ///< bits of both; what is unusable in the convolved frame is grown
  Plane<float> score;       ///< signal-to-noise of a new point source centred on the pixel
  MatchingKernel kernel;
  bool convolved_reference = true;  ///< else the science frame
  DifferenceQuality quality;
  bool empty() const { return difference.empty(); }
};

/// science - reference. Both frames have the same size and grid; the same bytes on any number of
/// threads.
Difference subtract_frames(const DifferenceFrame& science, const DifferenceFrame& reference,
                           const DifferenceSettings& settings = {});

/// Does the same for frame after frame in the same memory: to be given fresh pages takes a third of
/// the time.
class FrameSubtractor {
 public:
  explicit FrameSubtractor(const DifferenceSettings& settings = {}) : settings_(settings) {}
  /// The result is overwritten by the next call.
  const Difference& subtract(const DifferenceFrame& science, const DifferenceFrame& reference);
  /// Gives the result away, with its memory.
  Difference take() { return std::move(result_); }

 private:
  DifferenceSettings settings_;
  Difference result_;
  Plane<float> broad_variance_half_, sharp_variance_half_, model_half_;
};

}  // namespace polis
