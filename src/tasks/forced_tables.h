#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/aperture_series.h"
#include "kernels/forced_photometry.h"
#include "sky/exposure.h"
#include "sky/table.h"

namespace polis {

/// `flags` of kind `forced` (docs/formats/forced.md): never renumber.
namespace forced_flags {
inline constexpr std::int32_t saturated = 4;  ///< saturated pixels within the largest circle
inline constexpr std::int32_t outside =
    8;  ///< not measured: too near to the edge, or not on the frame
inline constexpr std::int32_t incomplete = 16;  ///< spoilt pixels within the largest circle
}  // namespace forced_flags

/// Forced photometry of one frame, as read back.
struct ForcedFrame {
  std::string exposure_id;
  double mjd_mid = kUnknown, airmass = kUnknown, fwhm_px = kUnknown, zero_point_mag = kUnknown;
  double exposure_time_s = kUnknown;
  bool on_sky = false;  ///< target positions are real directions
  std::vector<double> radii_px;
  std::vector<std::int64_t> target;  ///< id, per row
  std::vector<double> x, y;
  std::vector<std::vector<double>> flux, flux_err;  ///< [radius][row], electron
  std::vector<double> flux_psf, flux_psf_err;       ///< per row; empty: not fitted
  std::vector<float> peak;
  std::vector<std::int32_t> flags;
};

/// Table `forced` of those targets that were measured. `id`, `x`, `y`: as long as `series`.
Table forced_table(const std::vector<std::int64_t>& id, const std::vector<double>& x,
                   const std::vector<double>& y, const std::vector<ApertureSeries>& series,
                   std::size_t radii);
/// Adds flux_psf, flux_psf_err and chi2_psf, one value per row; nothing where `psf` is empty.
void add_psf_columns(const std::vector<ForcedFlux>& psf, Table& forced);
ForcedFrame read_forced(const TableSet& forced);

}  // namespace polis
