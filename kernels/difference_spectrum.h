#pragma once

#include <vector>

#include "kernels/difference_score.h"
#include "kernels/fft.h"

namespace polis {

/// Power of the noise of a difference over what white frames and the kernel would give it, for each
/// frequency of `fft` (side rows of columns() values); empty where the two agree. Frames that were
/// resampled or added up bring their own correlation.
///
/// Measured from the correlation of neighbours up to 8 px apart on the darker half of small blocks
/// all over the field.
std::vector<float> measure_noise_shape(const ScoreInput& input, const SquareFft& fft);

}  // namespace polis
