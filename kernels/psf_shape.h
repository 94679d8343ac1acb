#pragma once

#include <array>
#include <vector>

#include "kernels/moffat.h"
#include "kernels/psf_star.h"

namespace polis {

/// A Moffat profile whose width and ellipticity are polynomials over the field; beta is one for
/// all.
struct MoffatField {
  MoffatShape centre;  ///< where the polynomial is zero
  int order = 0;       ///< of the polynomial
  /// Per polynomial term what to add to log_alpha, e1, e2 and inverse_beta of `centre`.
  std::vector<std::array<double, 4>> terms;
};

/// Fits a Moffat profile to all good stars together with the position, flux and background of each
/// (Gauss-Newton; each star's own parameters are eliminated by their Schur complement). Weak priors
/// (1 / beta = 0.3 +- 0.1, nearly round) keep it sensible where stars are few and faint. First one
/// shape for all, from the brightest; then, for order > 0 or many stars, its variation. `stars`:
/// brightest first. `geometry`: a PsfModel without terms.
MoffatField fit_moffat_field(std::vector<PsfStarStamp>& stars, const MoffatShape& start,
                             const PsfModel& geometry, int order, double variance_per_signal);

/// The terms of a PsfModel from a profile that varies: pixel values are fitted by a polynomial over
/// the field, of twice the order where the shape varies so much that it would show.
PsfModel model_of(const MoffatField& field, const PsfModel& geometry);

}  // namespace polis
