#pragma once

#include <cstddef>

#include "kernels/view.h"

namespace polis {

/// Gain and read noise as the photon-transfer method finds them (Janesick 2001, Scientific CCDs,
/// ch. 5).
struct PhotonTransfer {
  double gain_e_per_adu = 0.0;
  double gain_error = 0.0;  ///< 1 sigma [e-/ADU]
  double read_noise_adu = 0.0;
  std::size_t tiles = 0;  ///< tiles of 32 x 32 pixels that were used; 0: no result
  double read_noise_e() const { return read_noise_adu * gain_e_per_adu; }
};

/// From two flats of about equal level and two biases of one amplifier, all raw (or all with the
/// same level subtracted), of equal size. [ADU] The fixed pattern of the flats cancels in their
/// difference; the variance is taken in tiles, so that illumination may vary over the field.
PhotonTransfer photon_transfer(View<const float> flat1, View<const float> flat2,
                               View<const float> bias1, View<const float> bias2);

/// Standard deviation of one pixel from the difference of two exposures of the same scene. NaN if
/// there is no finite pair.
double pair_noise(View<const float> a, View<const float> b);

}  // namespace polis
