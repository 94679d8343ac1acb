#pragma once

#include <limits>
#include <span>

#include "kernels/mask_bits.h"
#include "kernels/view.h"

namespace polis {

/// A master calibration frame, cut to the pixels of one amplifier. Empty views: there is none.
struct MasterView {
  View<const float> pixels;
  View<const float> variance;  ///< [unit^2]; may be empty: taken as zero
  View<const MaskPixel> mask;  ///< may be empty; its bits pass to the result
};

inline constexpr std::size_t kMaxLinearityTerms = 5;

/// All that calibrates the pixels of one amplifier. Every view that is not empty has the size of
/// `raw`.
struct CalibrateInput {
  View<const float> raw;            ///< height x width, data section [ADU]
  std::span<const float> overscan;  ///< level of each row [ADU]; empty: none
  MasterView bias;                  ///< [ADU]
  MasterView dark;                  ///< [ADU/s]
  MasterView flat;                  ///< relative response, about 1
  float dark_scale = 0.0F;          ///< exposure time x temperature factor [s]
  std::span<const float>
      linearity;  ///< true = adu * (1 + c0*adu + c1*adu^2 ...); at most kMaxLinearityTerms
  float gain_e_per_adu = 1.0F;
  float read_noise_e = 0.0F;
  float saturation_adu = std::numeric_limits<float>::infinity();  ///< of the raw value
  float nonlinear_adu =
      std::numeric_limits<float>::infinity();  ///< of the raw value: above it `suspect`
  float min_flat = 0.02F;  ///< response below which a pixel is `bad` and not divided
};

/// Where the result goes; the three have the size of `raw`.
struct CalibratedView {
  View<float> pixels;    ///< [electron]
  View<float> variance;  ///< [electron^2]
  View<MaskPixel> mask;  ///< overwritten
};

/// Raw ADU to electrons with variance and mask, in one pass over memory:
///
///   adu      = linear(raw - overscan - bias)
///   pixels   = gain * (adu - dark_scale * dark) / flat
///   variance = (gain * max(adu, 0) + slope^2 * (read_noise^2 + gain^2 * var_bias) + gain^2 *
///   dark_scale^2 * var_dark) / flat^2
///              + pixels^2 * var_flat / flat^2
///
/// where slope is the derivative of the linearity polynomial. The Poisson term is that of all
/// charge in the pixel, dark current included. A pixel that comes out NaN or infinite is set to 0
/// with the variance of the read noise and the bit no_data.
void calibrate(const CalibrateInput& input, const CalibratedView& output);

/// Sets pixels whose mask has a bit of `bits` to NaN: combine() leaves them out.
void blank_masked(View<float> pixels, View<const MaskPixel> mask, MaskPixel bits);

}  // namespace polis
