#pragma once

#include <map>
#include <string>

#include "kernels/mask_bits.h"
#include "kernels/view.h"
#include "sky/exposure.h"
#include "sky/wcs.h"

namespace polis {

/// Small named facts that travel with a product (statistics, versions). Ordered, so that bytes are
/// equal.
using Facts = std::map<std::string, std::string>;

/// Pixels + variance + mask + metadata + WCS of one exposure of one detector.
/// The three planes have equal size (height x width). `unit` is "electron" after calibration, "adu"
/// before.
struct Frame {
  Exposure exposure;
  std::string unit = "adu";
  Plane<float> pixels;
  Plane<float> variance;  ///< [unit^2]; may be empty for a raw image
  Plane<MaskPixel> mask;  ///< may be empty for a raw image
  /// Further planes of the same size by name, upper case: SCORE, TEMPLATE ...
  std::map<std::string, Plane<float>> layers;
  Wcs wcs;
  Facts facts;
};

}  // namespace polis
