#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sky/exposure.h"
#include "sky/table.h"

namespace polis {

/// `flags` of a point of a light curve (docs/formats/light_curves.md): those of forced photometry,
/// and
namespace point_flags {
inline constexpr std::int32_t outlier =
    1;  ///< far off the star's own curve and not used for zero points
}  // namespace point_flags

/// One star through the night.
struct StarCurve {
  std::int64_t id = 0;
  std::string name, reason;
  SkyPosition position;
  bool psf = false;                 ///< fluxes are those of PSF fits, not of a circle
  double aperture_px = kUnknown;    ///< 0 for PSF fits
  bool comparison = false;          ///< takes part in the ensemble
  double median_flux = kUnknown;    ///< [electron]
  double scatter = kUnknown;        ///< robust, relative to the median flux
  double expected = kUnknown;       ///< median error, likewise
  std::vector<std::int32_t> frame;  ///< index into the table of frames
  std::vector<double> time, flux, flux_err;
  std::vector<double> x, y;
  std::vector<std::int32_t> flags;
};

/// Tables `stars` and `points` of kind `light_curves`.
Table stars_table(const std::vector<StarCurve>& curves);
Table points_table(const std::vector<StarCurve>& curves);
/// Inverse.
std::vector<StarCurve> read_curves(const TableSet& curves);

}  // namespace polis
