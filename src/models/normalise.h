#pragma once

#include <span>

#include "models/network.h"

namespace polis {

/// Normalises one stamp of the given shape from `stamp` into `result` (as long). What is not finite
/// becomes 0 first; a row or channel of zeros stays so.
void normalise(Normalisation normalisation, const Shape& shape, std::span<const float> stamp,
               std::span<float> result);

}  // namespace polis
