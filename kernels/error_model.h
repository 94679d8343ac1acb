#pragma once

#include <span>

namespace polis {

/// seen^2 = (scale * formal)^2 + floor^2
struct ErrorModel {
  double scale = 1.0;  ///< 1 unless the data say otherwise: gain or read noise are not what they
                       ///< were taken for
  double floor =
      0.0;  ///< what does not shrink with brightness: scintillation, flat, pixel response
};

/// Fits the model to the formal errors of many stars and the scatter they show, robustly
/// (least absolute relative residuals of the squares, by iterative reweighting).
/// `freedom`: degrees of freedom behind each scatter, its weight; a few frames do not overrule the
/// belief that formal errors are right to about a half. Fewer than 5 stars, or stars of one
/// brightness only: scale 1. Entries that are not finite and positive are left out. The floor is
/// never negative.
ErrorModel fit_error_model(std::span<const double> formal, std::span<const double> seen,
                           std::span<const double> freedom);

}  // namespace polis
