#pragma once

#include <cstdint>

#include "base/digest.h"
#include "kernels/view.h"

namespace polis {

/// A grey picture (PNG, 8 bits and alpha) of height x width pixels, first row at the top; where
/// `seen` is 0 it is transparent. Equal input gives equal bytes: no time, no text.
Bytes write_png(View<const std::uint8_t> grey, View<const std::uint8_t> seen);

}  // namespace polis
