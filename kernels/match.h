#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "kernels/neighbours.h"

namespace polis {

/// X = offset.x + m[0] x + m[1] y, Y = offset.y + m[2] x + m[3] y.
struct LinearMap {
  PlanePoint offset;
  std::array<double, 4> m{1.0, 0.0, 0.0, 1.0};
  PlanePoint operator()(PlanePoint p) const {
    return {offset.x + m[0] * p.x + m[1] * p.y, offset.y + m[2] * p.x + m[3] * p.y};
  }
  double determinant() const { return m[0] * m[3] - m[1] * m[2]; }
};

struct PatternSettings {
  /// Reference units per detected unit, at least and at most; 0: not known.
  double scale_low = 0.0, scale_high = 0.0;
  int parity = 0;               ///< sign of the map's determinant, if known; 0: either
  double distortion = 0.004;    ///< how far a true map may depart from a similarity, per length
  double centroid_error = 0.5;  ///< of detected positions, in their unit
  double detected_area =
      0.0;  ///< on which the detector could have seen stars; 0: the box of `detected`
  double log10_false_alarm =
      -6.0;  ///< accept only what chance gives less often than this per field
  std::size_t most_hypotheses = 300'000;
};

struct PatternMatch {
  bool found = false;
  LinearMap map;                   ///< from detected to reference positions
  double log10_false_alarm = 0.0;  ///< chance that unrelated lists give so many pairs
  double rms = 0.0;                ///< of the pairs about the map, in reference units, per axis
  std::size_t tested = 0;          ///< detected points that were tried against the reference
  std::vector<std::pair<std::ptrdiff_t, std::ptrdiff_t>> pairs;  ///< detected, reference
  std::size_t hypotheses = 0;                                    ///< how many maps were tried
};

/// Finds the map between two lists of star positions that share some of their stars.
///
/// Both lists are sorted by brightness, brightest first. The reference may cover a larger area than
/// the detector; either may hold many points that the other lacks. Triangles of bright stars, known
/// by the ratios of their sides (Groth 1986, AJ 91, 1244; Valdes et al. 1995, PASP 107, 1119),
/// propose maps; each proposal is tested on the other stars and accepted when chance cannot explain
/// the pairs it makes. Starts with few bright stars and takes more when these do not suffice.
/// Serial and deterministic.
PatternMatch match_patterns(std::span<const PlanePoint> detected,
                            std::span<const PlanePoint> reference, const PatternSettings& settings);

/// Least-squares map of pairs of positions; a unit determinant sign is not enforced. False if fewer
/// than 3 pairs, or all on one line.
bool fit_linear_map(std::span<const PlanePoint> from, std::span<const PlanePoint> to,
                    LinearMap& map);

/// Upper bound on log10 of the chance of at least `hits` of `trials` at `probability` each
/// (Chernoff).
double log10_binomial_tail(std::size_t hits, std::size_t trials, double probability);

}  // namespace polis
