#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace polis {

/// target = sum over k of coefficient[k] x row[k], fitted to many rows.
struct LinearFit {
  std::vector<double> coefficients;
  std::vector<double> covariance;  ///< row by row, for weights that are inverse variances
  std::vector<std::uint8_t> used;  ///< per row: 1 kept, 0 rejected
  std::size_t kept = 0;
  double extra_sigma = 0.0;           ///< scatter beyond the given errors that the kept rows show
  double rms = 0.0;                   ///< of the kept residuals
  double error(std::size_t k) const;  ///< 1 sigma of a coefficient
};

struct LinearFitSettings {
  double clip_sigma = 3.5;
  double least_extra_sigma = 0.0;  ///< extra scatter is never taken below this
  bool only_below = false;         ///< reject rows whose target lies too low only (clouds only dim)
};

/// Robust weighted least squares. `rows`: one row of `terms` numbers after the other; `error`: 1
/// sigma of each target (not positive or not finite: the row is not used). Outliers first lose
/// weight, then are cut at clip_sigma of error and extra scatter together; the extra scatter is
/// what brings chi2 to the degrees of freedom. False if the rows do not determine the coefficients.
bool fit_linear(std::span<const double> rows, std::size_t terms, std::span<const double> target,
                std::span<const double> error, const LinearFitSettings& settings, LinearFit& fit);

}  // namespace polis
