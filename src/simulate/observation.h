#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "simulate/galaxies.h"
#include "simulate/night.h"
#include "simulate/optics.h"
#include "simulate/weather.h"
#include "sky/wcs.h"

namespace polis {

/// All that is true of one science exposure.
struct Observation {
  Wcs wcs;                      ///< of the light-sensitive area; mid-exposure
  Wcs header_wcs;               ///< what the header says, in error; invalid if it says nothing
  SkyPosition pointing;         ///< true centre
  SkyPosition header_pointing;  ///< what the header says
  Conditions conditions;
  PsfField psf;
  double zero_point_mag = 0.0;  ///< 1 electron/s at the ground gives this magnitude, at the centre
  double sky_e_per_px = 0.0;    ///< at the centre, before the flat
  double sky_gradient_x = 0.0, sky_gradient_y = 0.0;  ///< relative change over the width and height
  double rotation_deg = 0.0;                          ///< of +y from north through east
};
/// Errors: internal unless the exposure is a science exposure.
Observation observe(const Night& night, const PlannedExposure& exposure);

/// One thing in the sky that reaches the frame.
enum class SourceKind { star = 0, galaxy = 1, variable = 2, supernova = 3, asteroid = 4 };
struct SceneSource {
  SourceKind kind = SourceKind::star;
  std::int64_t id = 0;
  SkyPosition position;     ///< at mid-exposure
  double x = 0.0, y = 0.0;  ///< 0-based [px]
  double flux_e = 0.0;      ///< electrons that reach the detector's plane, before the flat
  double mag = 0.0;         ///< instrument-free magnitude in the filter, at mid-exposure
  Magnitudes mags{};        ///< in all bands at mid-exposure
  double trail_x = 0.0, trail_y = 0.0;  ///< motion during the exposure [px]
  std::ptrdiff_t galaxy = -1;           ///< index in FrameSources::galaxies
};
struct FrameSources {
  std::vector<SceneSource>
      sources;  ///< brightest first; those whose centre lies within 60 px of the frame
  std::vector<Galaxy> galaxies;
};
FrameSources sources_of(const Night& night, const PlannedExposure& exposure,
                        const Observation& observation);

}  // namespace polis
