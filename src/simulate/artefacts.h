#pragma once

#include <vector>

#include "kernels/view.h"
#include "simulate/detector.h"
#include "simulate/observation.h"

namespace polis {

/// The straight mark of something that crossed the field. [px, electrons]
struct SkyTrail {
  PixelKind kind = PixelKind::satellite;
  double x = 0.0, y = 0.0;           ///< a point on it
  double dx = 1.0, dy = 0.0;         ///< unit vector along it
  double from = -1.0e9, to = 1.0e9;  ///< ends, as distance from (x, y)
  double core_px = 2.0;              ///< of the Moffat profile across
  double beta = 2.5;                 ///< exponent of that profile (of a star's Moffat, less 1/2)
  double peak_e = 10.0;              ///< per pixel on the axis
  double flash_px =
      0.0;  ///< distance between flashes of a tumbling satellite or a beacon; 0: steady
  double flash_depth = 0.0;  ///< 0..1
  /// Light at a pixel. [electron]
  double light(double px, double py) const;
  /// Distance from the axis beyond which light is below `faintest`.
  double reach(double faintest) const;
};

/// Satellites and aeroplanes of one exposure, a few or none; `noise_e` is the noise of a sky pixel.
std::vector<SkyTrail> make_trails(const Night& night, const PlannedExposure& exposure,
                                  const PsfField& psf, double noise_e);
/// Adds the light of a trail to rows first_row .. first_row + band.height.
void draw_trail(View<float> band, std::ptrdiff_t first_row, const SkyTrail& trail, double faintest);

/// Particle hits of one exposure (and its readout): pixel by pixel, one row per pixel and hit.
std::vector<PixelEvent> make_cosmic_rays(const Scene& scene, const SceneSite& site, int number,
                                         double exposure_s);

}  // namespace polis
