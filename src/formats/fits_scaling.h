#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

#include "formats/fits_header.h"

namespace polis {

/// value = pixel * scale + zero; a pixel equal to `blank` has no value.
struct FitsScaling {
  double scale = 1.0;
  double zero = 0.0;
  std::optional<std::int64_t> blank;
  bool none() const { return scale == 1.0 && zero == 0.0; }
};

/// Unscaled floats keep their bits: -0.0 * 1 + 0 would be 0.0.
template <class T>
float scaled(T value, const FitsScaling& scaling) {
  if constexpr (std::is_same_v<T, float>) {
    if (scaling.none()) return value;
  }
  return static_cast<float>(static_cast<double>(value) * scaling.scale + scaling.zero);
}

/// From BSCALE, BZERO and (for integers) BLANK; adds to `caveats` what was wrong with them: a
/// BSCALE of 0 or NaN, or a BZERO of NaN, is read as if it was absent.
FitsScaling scaling_of(const FitsHeader& header, bool floats, std::vector<std::string>& caveats);

}  // namespace polis
