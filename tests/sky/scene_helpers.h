#pragma once

#include <cstdint>
#include <vector>

#include "sky/solve_field.h"
#include "sky/table.h"

namespace polis::testing_sky {

inline constexpr int kWidth = 2048;
inline constexpr int kHeight = 1536;
inline constexpr double kScaleArcsec = 1.1;

/// Stars about a camera at a random attitude: what it detects, a reference, and the truth.
struct Scene {
  Wcs wcs;
  std::vector<DetectedStar> detected;
  std::vector<ReferenceStar> reference;
  std::vector<SkyPosition> truth;  ///< of the first detections; those after are spurious
  FieldSettings settings;
};

/// Cubic distortion of `distortion_px` at the corners; `spurious`: share of the detections that are
/// no stars; `missing`: share of the stars that the reference lacks.
Scene make_scene(std::uint64_t seed, double distortion_px = 5.0, double spurious = 0.0,
                 double missing = 0.0, double stars_per_frame = 300.0);

/// The detections as table `sources` of a catalog, the reference as table `stars`.
TableSet catalog_of(const Scene& scene);
TableSet reference_of(const Scene& scene);
Exposure exposure_of(const Scene& scene);

}  // namespace polis::testing_sky
