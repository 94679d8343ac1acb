#pragma once

#include <cstdint>
#include <vector>

#include "kernels/difference_basis.h"
#include "kernels/difference_kernel.h"
#include "kernels/difference_window.h"

namespace polis {

struct KernelFit {
  MatchingKernel kernel;           ///< empty: the stars do not determine it
  std::vector<std::uint8_t> used;  ///< per star: 1 kept, 0 dropped
  int stars_used = 0;
  double chi2 = 0.0;  ///< reduced, median over the stars that were used
  /// Row by row, one per pair of polynomial terms of the kernel: what the fit does not know.
  std::vector<double> covariance;
  /// 1 sigma of what the fit leaves of a star at (x, y), relative to its light: grows away from the
  /// stars that were used.
  double light_error(double x, double y) const;
};

/// Fits kernel and background on the `windows` around `stars` by weighted least squares; stars
/// whose reduced chi2 stands out (variables, blends with asteroids, hidden saturation) are dropped
/// and the fit is repeated. The noise of the sharp frame, which would make the kernel too weak, is
/// taken out of the sums. What the stars do not determine is held by a prior: the kernel may change
/// over the field by about a tenth of itself.
KernelFit fit_matching_kernel(const MatchPair& pair, const std::vector<MatchStar>& stars,
                              const std::vector<MatchWindow>& windows, const KernelBasis& basis,
                              const DifferenceSettings& settings);

/// What is left of the stars after the fit, beyond what their noise explains.
struct MatchScatter {
  double registration_px = 0.0;  ///< of their places, per axis
  double light = 0.0;            ///< of their light, relative
};
MatchScatter measure_match_scatter(const MatchPair& pair, const std::vector<MatchStar>& stars,
                                   const std::vector<MatchWindow>& windows, const KernelFit& fit);

}  // namespace polis
