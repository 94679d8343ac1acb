#pragma once

#include <vector>

#include "kernels/view.h"
#include "simulate/artefacts.h"
#include "simulate/detector.h"
#include "simulate/observation.h"

namespace polis {

/// The inside of an exposure, between sky and readout.
struct Exposed {
  Plane<float> electrons;  ///< as they wait to be read: light, dark current, hits; after bleeding
  std::vector<PixelEvent> events;  ///< cosmic rays, saturated and bleed pixels
  std::vector<SkyTrail> trails;
  Observation observation;  ///< science only
  FrameSources sources;     ///< science only
  double temperature_c = 0.0;
  double noise_e = 1.0;  ///< of an empty pixel: sky, dark and read noise
};

/// `flat_field` false: response 1 everywhere, for `ideal_frame`.
Exposed expose(const Night& night, const PlannedExposure& exposure, const Detector& detector,
               bool flat_field = true);

/// Light of the sky alone on one row, before the flat. [electron]
void sky_row(const Observation& observation, int width, int height, int y, float* out);

}  // namespace polis
