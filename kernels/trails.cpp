#include "kernels/trails.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "kernels/line_sums.h"
#include "kernels/snr_bins.h"
#include "kernels/trail_mask.h"
#include "kernels/trail_pieces.h"

namespace polis {
namespace {

constexpr int kRounds = 4;
constexpr int kMinLitAtFirst = 3;    // before the line is refined
constexpr double kMaxScatter = 1.3;  // of a trail's pieces about its line [bin]
constexpr double kMaxTurn = 1.0;     // of the ends of a line that has been refined enough [bin]
constexpr int kReachBins = 9;        // pixels looked at to either side of a trail, in bins

/// What the search found in the binned image.
struct Candidate {
  TrailLine line;
  double t0, t1;  ///< [bin]
};

int count_lit(const std::vector<TrailPiece>& pieces, const PieceRun& run) {
  int count = 0;
  for (std::size_t i = run.first; i <= run.last; ++i) count += pieces[i].lit() ? 1 : 0;
  return count;
}

/// Distance of the point at t of a line from another line. [bin]
double distance_at(const TrailLine& line, double t, const TrailLine& other) {
  const double dx = line.x + t * line.ux - other.x;
  const double dy = line.y + t * line.uy - other.y;
  return std::abs(dy * other.ux - dx * other.uy);
}

/// Looks at a segment piece by piece, again and again along the line through what was found before:
/// a line that only cuts through something long must not be judged by the cut.
std::optional<Candidate> confirm(const SnrBins& bins, const LineSegment& segment,
                                 const TrailOptions& options) {
  TrailLine line = line_through(segment);
  std::vector<TrailPiece> pieces;
  PieceRun run;
  double scatter = 0.0;
  for (int round = 0; round < kRounds; ++round) {
    pieces = pieces_along(bins, line);
    run = longest_lit_run(pieces, options.min_lit_share);
    if (run.empty() || count_lit(pieces, run) < kMinLitAtFirst) return std::nullopt;
    if (round + 1 < kRounds) line = refined_line(line, pieces, run, scatter);
  }
  // A line that still turns cuts through something that is no line.
  const TrailLine next = refined_line(line, pieces, run, scatter);
  for (const std::size_t end : {run.first, run.last})
    if (distance_at(line, pieces[end].t, next) > kMaxTurn) return std::nullopt;
  if (scatter > kMaxScatter || count_lit(pieces, run) < options.min_lit_pieces) return std::nullopt;
  if (is_gathered(pieces, run)) return std::nullopt;
  const double half = 0.5 * kPieceLength;
  return Candidate{line, pieces[run.first].t - half, pieces[run.last].t + half};
}

/// Takes a found trail's bins out of the search.
void blank(const MaskedTrail& found, const TrailStretch& stretch, SnrBins& bins) {
  const double reach = (found.half_width + 3.0) / static_cast<double>(bins.factor) + 2.0;
  for (std::ptrdiff_t y = 0; y < bins.snr.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < bins.snr.width(); ++x) {
      const double dx = bins.to_pixel(static_cast<double>(x)) - stretch.line.x;
      const double dy = bins.to_pixel(static_cast<double>(y)) - stretch.line.y;
      const double d =
          std::abs(dy * stretch.line.ux - dx * stretch.line.uy) / static_cast<double>(bins.factor);
      const double t = dx * stretch.line.ux + dy * stretch.line.uy;
      if (d > reach || t < found.t0 || t > found.t1) continue;
      bins.snr(x, y) = 0.0F;
      bins.used(x, y) = 0;
    }
  }
}

TrailStretch in_pixels(const Candidate& c, const SnrBins& bins) {
  const double f = static_cast<double>(bins.factor);
  return {
      {bins.to_pixel(c.line.x), bins.to_pixel(c.line.y), c.line.ux, c.line.uy}, c.t0 * f, c.t1 * f};
}

}  // namespace

std::vector<Trail> find_trails(View<const float> image, View<const float> variance,
                               const TrailOptions& options, View<MaskPixel> mask) {
  std::vector<Trail> trails;
  const std::ptrdiff_t longest = std::max(image.width, image.height);
  const std::ptrdiff_t factor =
      std::max<std::ptrdiff_t>(2, (longest + options.most_bins - 1) / options.most_bins);
  SnrBins bins = bin_snr(image, variance, mask, factor);
  LineSumOptions search;
  search.min_significance = options.min_significance;
  for (bool again = true; again;) {
    again = false;
    for (const LineSegment& segment : brightest_segments(bins.snr.view(), search)) {
      if (static_cast<int>(trails.size()) >= options.most_trails) return trails;
      const auto candidate = confirm(bins, segment, options);
      if (!candidate) continue;
      const TrailStretch stretch = in_pixels(*candidate, bins);
      const int reach = kReachBins * static_cast<int>(factor);
      const MaskedTrail found =
          mask_trail(image, variance, stretch, reach, options.edge_sigma, mask);
      blank(found, stretch, bins);
      const TrailLine& l = stretch.line;
      trails.push_back({l.x + found.t0 * l.ux, l.y + found.t0 * l.uy, l.x + found.t1 * l.ux,
                        l.y + found.t1 * l.uy, found.half_width, found.brightness});
      again = true;
    }
  }
  return trails;
}

}  // namespace polis
