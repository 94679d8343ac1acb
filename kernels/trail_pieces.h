#pragma once

#include <vector>

#include "kernels/line_sums.h"
#include "kernels/snr_bins.h"

namespace polis {

/// A straight line through a binned image: the point at t is (x + t ux, y + t uy), (ux, uy) of
/// length 1. [bin]
struct TrailLine {
  double x = 0.0, y = 0.0, ux = 1.0, uy = 0.0;
};
TrailLine line_through(const LineSegment& segment);

/// Bins along the line that one piece takes.
inline constexpr int kPieceLength = 12;

/// What a piece of a line shows across: medians along it.
struct TrailPiece {
  double t = 0.0;          ///< of its middle
  bool known = false;      ///< enough of its bins have values
  bool saturated = false;  ///< saturated bins lie on the line
  double excess = 0.0;     ///< of its brightest row above the brighter side [sigma]
  double offset = 0.0;     ///< of its brightest row from the line, to the left of (ux, uy) [bin]
  bool lit() const { return known && excess > 1.5; }
};

/// The pieces of the line from border to border.
std::vector<TrailPiece> pieces_along(const SnrBins& bins, const TrailLine& line);

/// A stretch of pieces, first and last included; first > last: none.
struct PieceRun {
  std::size_t first = 1, last = 0;
  bool empty() const { return first > last; }
};

/// The stretch with the most lit pieces of which at least `share` are lit.
PieceRun longest_lit_run(const std::vector<TrailPiece>& pieces, double share);

/// The line through the brightest rows of the lit pieces; `scatter` gets their root mean square
/// distance. [bin]
TrailLine refined_line(const TrailLine& line, const std::vector<TrailPiece>& pieces,
                       const PieceRun& run, double& scatter);

/// Whether the light is gathered about a saturated star on the line (a diffraction spike), or about
/// the middle of the run (a galaxy seen from its edge), other than along a trail.
bool is_gathered(const std::vector<TrailPiece>& pieces, const PieceRun& run);

}  // namespace polis
