#pragma once

#include <functional>
#include <vector>

#include "jobs/task.h"
#include "kernels/combine.h"
#include "sky/frame.h"

namespace polis {

/// Noise of one amplifier of one exposure: variance(level) = read_variance + variance_per_unit *
/// level.
struct StackNoise {
  float read_variance = 0.0F;
  float variance_per_unit = 0.0F;
};

/// One exposure, ready to be combined: pixels that must not enter are NaN.
struct StackPlane {
  Plane<float> pixels;
  float scale = 1.0F;
  std::vector<StackNoise> noise;  ///< of each amplifier, after scaling
};

/// A combination of exposures, and what was found out on the way.
struct Stack {
  Plane<float> value, variance;
  Plane<std::uint16_t> count;
};

/// The exposures of a bundle, in its order. Errors: bad_input if there are none, or if they differ
/// in size or layout (naming both).
std::vector<Exposure> open_exposures(Reader& reader);

/// Combines `count` exposures robustly in groups of at most five, so that memory is bounded
/// whatever the number. `load(i)` gives exposure i; `prepare` (may be empty) sees each group once
/// it is loaded.
Stack stack_exposures(std::size_t count, const std::vector<Amplifier>& amplifiers,
                      const CombineOptions& options,
                      const std::function<StackPlane(std::size_t)>& load,
                      const std::function<void(std::vector<StackPlane>&)>& prepare = {});

/// A master frame of this unit: the stack's pixels (those without any value are filled and
/// no_data), the first exposure's metadata, number of frames, and a caveat where they are fewer
/// than `few`.
Frame master_from(Stack stack, const std::vector<Exposure>& exposures, ImageType type,
                  std::string unit, int few);

}  // namespace polis
