#include "kernels/trail_pieces.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/robust.h"

namespace polis {
namespace {

constexpr int kReach = 9;               // rows to either side [bin]
constexpr int kOn = 2;                  // rows that may be the trail's own
constexpr int kSide = 5;                // first row that counts as side
constexpr float kPeaked = 1.8F;         // near half over far half, above which light is gathered
constexpr std::size_t kStarPieces = 2;  // to either side of a saturated star that say nothing

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Range of t over which the line is inside [0, size) along one axis.
void limit(double start, double direction, double size, double& low, double& high) {
  if (std::abs(direction) < 1e-9) {
    if (start < 0.0 || start > size - 1.0) high = low - 1.0;
    return;
  }
  const double a = -start / direction;
  const double b = (size - 1.0 - start) / direction;
  low = std::max(low, std::min(a, b));
  high = std::min(high, std::max(a, b));
}

/// Median along the piece at one distance from the line; NaN if fewer than half of its bins have
/// values.
float row_median(const SnrBins& bins, const TrailLine& line, double t0, int d, bool& saturated) {
  std::array<float, kPieceLength> values;
  std::size_t count = 0;
  for (int k = 0; k < kPieceLength; ++k) {
    const double t = t0 + k;
    const std::ptrdiff_t x = std::lround(line.x + t * line.ux - d * line.uy);
    const std::ptrdiff_t y = std::lround(line.y + t * line.uy + d * line.ux);
    if (!bins.snr.view().contains(x, y)) continue;
    if (std::abs(d) <= kOn) saturated |= bins.saturated(x, y) != 0;
    if (bins.used(x, y) != 0) values[count++] = bins.snr(x, y);
  }
  if (2 * count < kPieceLength) return std::nanf("");
  return median_in_place(std::span(values).first(count));
}

float side_level(const std::array<float, 2 * kReach + 1>& profile, int first, int last) {
  std::array<float, kReach> values;
  std::size_t count = 0;
  for (int d = first; d <= last; ++d) {
    const float v = profile[static_cast<std::size_t>(d + kReach)];
    if (!std::isnan(v)) values[count++] = v;
  }
  return median_in_place(std::span(values).first(count));
}

TrailPiece piece_at(const SnrBins& bins, const TrailLine& line, double t0) {
  TrailPiece piece;
  piece.t = t0 + 0.5 * (kPieceLength - 1);
  std::array<float, 2 * kReach + 1> profile;
  for (int d = -kReach; d <= kReach; ++d) {
    profile[static_cast<std::size_t>(d + kReach)] = row_median(bins, line, t0, d, piece.saturated);
  }
  int brightest = -kReach;
  float on = -std::numeric_limits<float>::infinity();
  for (int d = -kOn; d <= kOn; ++d) {
    const float v = profile[static_cast<std::size_t>(d + kReach)];
    if (!(v > on)) continue;
    on = v;
    brightest = d;
  }
  const float left = side_level(profile, -kReach, -kSide);
  const float right = side_level(profile, kSide, kReach);
  // At the border of the image one side is enough.
  const float side = std::isnan(left) ? right : std::isnan(right) ? left : std::max(left, right);
  piece.known = brightest >= -kOn && !std::isnan(side);
  piece.excess = piece.known ? static_cast<double>(on - side) : 0.0;
  piece.offset = brightest;
  return piece;
}

}  // namespace

TrailLine line_through(const LineSegment& s) {
  const double length = std::max(1e-9, std::hypot(s.x1 - s.x0, s.y1 - s.y0));
  return {s.x0, s.y0, (s.x1 - s.x0) / length, (s.y1 - s.y0) / length};
}

std::vector<TrailPiece> pieces_along(const SnrBins& bins, const TrailLine& line) {
  double low = -kInfinity;
  double high = kInfinity;
  limit(line.x, line.ux, static_cast<double>(bins.snr.width()), low, high);
  limit(line.y, line.uy, static_cast<double>(bins.snr.height()), low, high);
  std::vector<TrailPiece> pieces;
  for (double t = low; t + 0.5 * kPieceLength <= high; t += kPieceLength)
    pieces.push_back(piece_at(bins, line, t));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces[i].saturated) continue;
    const std::size_t last = std::min(pieces.size() - 1, i + kStarPieces);
    for (std::size_t k = i < kStarPieces ? 0 : i - kStarPieces; k <= last; ++k)
      pieces[k].known = false;
  }
  return pieces;
}

PieceRun longest_lit_run(const std::vector<TrailPiece>& pieces, double share) {
  PieceRun best;
  double best_score = 0.0;
  double score = 0.0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (score <= 0.0) {
      score = 0.0;
      first = i;
    }
    if (pieces[i].known) score += pieces[i].lit() ? 1.0 - share : -share;
    if (score > best_score && pieces[i].lit()) {
      best_score = score;
      best = {first, i};
    }
  }
  while (!best.empty() && !pieces[best.first].lit()) ++best.first;
  return best;
}

TrailLine refined_line(const TrailLine& line, const std::vector<TrailPiece>& pieces,
                       const PieceRun& run, double& scatter) {
  double n = 0.0, st = 0.0, sd = 0.0, stt = 0.0, std_ = 0.0;
  for (std::size_t i = run.first; i <= run.last; ++i) {
    if (!pieces[i].lit()) continue;
    n += 1.0;
    st += pieces[i].t;
    sd += pieces[i].offset;
    stt += pieces[i].t * pieces[i].t;
    std_ += pieces[i].t * pieces[i].offset;
  }
  const double determinant = n * stt - st * st;
  const double slope = determinant > 0.0 ? (n * std_ - st * sd) / determinant : 0.0;
  const double level = n > 0.0 ? (sd - slope * st) / n : 0.0;
  double squares = 0.0;
  for (std::size_t i = run.first; i <= run.last; ++i) {
    if (!pieces[i].lit()) continue;
    const double d = pieces[i].offset - level - slope * pieces[i].t;
    squares += d * d;
  }
  scatter = n > 0.0 ? std::sqrt(squares / n) : kInfinity;
  const double norm = std::hypot(1.0, slope);
  return {line.x - level * line.uy, line.y + level * line.ux, (line.ux - slope * line.uy) / norm,
          (line.uy + slope * line.ux) / norm};
}

bool is_gathered(const std::vector<TrailPiece>& pieces, const PieceRun& run) {
  const auto is_peaked = [&](double centre, double reach) {
    std::vector<float> near;
    std::vector<float> far;
    for (std::size_t i = run.first; i <= run.last; ++i) {
      if (!pieces[i].lit()) continue;
      auto& half = std::abs(pieces[i].t - centre) <= 0.5 * reach ? near : far;
      half.push_back(static_cast<float>(pieces[i].excess));
    }
    return near.size() >= 2 && far.size() >= 2 &&
           median_in_place(near) > kPeaked * median_in_place(far);
  };
  const double t0 = pieces[run.first].t;
  const double t1 = pieces[run.last].t;
  if (is_peaked(0.5 * (t0 + t1), 0.5 * (t1 - t0))) return true;
  const std::size_t begin = run.first >= kStarPieces + 1 ? run.first - kStarPieces - 1 : 0;
  const std::size_t end = std::min(pieces.size() - 1, run.last + kStarPieces + 1);
  for (std::size_t i = begin; i <= end; ++i) {
    if (!pieces[i].saturated) continue;
    if (is_peaked(pieces[i].t, std::max(std::abs(pieces[i].t - t0), std::abs(pieces[i].t - t1))))
      return true;
  }
  return false;
}

}  // namespace polis
