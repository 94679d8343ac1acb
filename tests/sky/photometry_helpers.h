#pragma once

#include "sky/exposure.h"
#include "sky/table.h"

namespace polis::testing_sky {

inline constexpr double kTrueZeroPoint = 26.3;

struct Made {
  TableSet catalog, reference;
  Exposure exposure;
};

/// A catalog of a solved frame whose fluxes follow from the true magnitudes, a colour term and a
/// slope over the frame; row j of the reference is a star of the scene, with 0.01 mag of error.
Made make_frame(std::uint64_t seed, double colour_term, double slope_mag,
                double flat_scatter = 0.004);

}  // namespace polis::testing_sky
