#include "kernels/trail_mask.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/robust.h"

namespace polis {
namespace {

constexpr int kPiece = 48;   // [px]
constexpr int kEndStep = 8;  // [px]
constexpr double kMinHalfWidth = 1.5;
constexpr double kMargin = 1.0;
constexpr MaskPixel kLeftOut = mask_bits::unusable & ~mask_bits::trail;

struct Images {
  View<const float> image, variance;
  View<const MaskPixel> mask;
};

/// Values of `from` at distance d from the line, over `count` steps of t, without masked pixels.
void gather(const Images& in, View<const float> from, const TrailLine& line, double t0, int count,
            double d, std::vector<float>& values) {
  values.clear();
  for (int k = 0; k < count; ++k) {
    const double t = t0 + k;
    const std::ptrdiff_t x = std::lround(line.x + t * line.ux - d * line.uy);
    const std::ptrdiff_t y = std::lround(line.y + t * line.uy + d * line.ux);
    if (in.image.contains(x, y) && (in.mask(x, y) & kLeftOut) == 0) values.push_back(from(x, y));
  }
}

/// How a piece of the trail looks across.
struct Across {
  double t = 0.0;
  bool known = false;
  double low = 0.0, high = 0.0;  ///< where it falls below the edge [px from the line]
  double brightness = 0.0;       ///< [sigma per pixel]
};

/// Level and noise of the sky beside a piece: the outermost rows on both sides.
struct Beside {
  double level = 0.0, sigma = 0.0;
};

Beside beside(const Images& in, const TrailLine& line, double t0, int count, int reach) {
  std::vector<float> level;
  std::vector<float> variance;
  std::vector<float> row;
  for (const int side : {-1, 1}) {
    for (int d = reach - 3; d <= reach; ++d) {
      gather(in, in.image, line, t0, count, side * d, row);
      level.insert(level.end(), row.begin(), row.end());
      gather(in, in.variance, line, t0, count, side * d, row);
      variance.insert(variance.end(), row.begin(), row.end());
    }
  }
  if (level.size() < 8) return {};
  return {static_cast<double>(median_in_place(level)),
          std::sqrt(static_cast<double>(median_in_place(variance)))};
}

/// Median excess over the sky of each row from -reach to reach, smoothed over three rows. [sigma]
std::vector<double> rows_across(const Images& in, const TrailLine& line, double t0, int reach,
                                const Beside& sky) {
  std::vector<double> rows;
  std::vector<float> values;
  for (int d = -reach; d <= reach; ++d) {
    gather(in, in.image, line, t0, kPiece, d, values);
    const double median =
        values.size() < 8 ? sky.level : static_cast<double>(median_in_place(values));
    rows.push_back((median - sky.level) / sky.sigma);
  }
  std::vector<double> smooth(rows);
  for (std::size_t i = 1; i + 1 < rows.size(); ++i)
    smooth[i] = (rows[i - 1] + rows[i] + rows[i + 1]) / 3.0;
  return smooth;
}

Across look_across(const Images& in, const TrailLine& line, double t0, int reach,
                   double edge_sigma) {
  Across piece;
  piece.t = t0 + 0.5 * kPiece;
  const Beside sky = beside(in, line, t0, kPiece, reach);
  if (!(sky.sigma > 0.0)) return piece;
  const std::vector<double> rows = rows_across(in, line, t0, reach, sky);
  const int near = std::max(2, reach / 2);
  int peak = 0;
  for (int d = -near; d <= near; ++d) {
    if (rows[static_cast<std::size_t>(d + reach)] > rows[static_cast<std::size_t>(peak + reach)])
      peak = d;
  }
  piece.brightness = rows[static_cast<std::size_t>(peak + reach)];
  if (piece.brightness < edge_sigma) return piece;
  int low = peak;
  int high = peak;
  while (low > -reach && rows[static_cast<std::size_t>(low + reach)] >= edge_sigma) --low;
  while (high < reach && rows[static_cast<std::size_t>(high + reach)] >= edge_sigma) ++high;
  piece.known = true;
  piece.low = low;
  piece.high = high;
  return piece;
}

double median_of(const std::vector<Across>& pieces, double Across::*member) {
  std::vector<float> values;
  for (const Across& piece : pieces) {
    if (piece.known) values.push_back(static_cast<float>(piece.*member));
  }
  return values.empty() ? 0.0 : static_cast<double>(median_in_place(values));
}

/// Whether the trail still shows in `kEndStep` pixels from t on.
bool shows(const Images& in, const TrailLine& line, double t, double low, double high, int reach) {
  const Beside sky = beside(in, line, t - 16.0, 40, reach);
  if (!(sky.sigma > 0.0)) return false;
  const double centre = 0.5 * (low + high);
  std::vector<float> all;
  std::vector<float> row;
  for (int d = -1; d <= 1; ++d) {
    gather(in, in.image, line, t, kEndStep, centre + d, row);
    all.insert(all.end(), row.begin(), row.end());
  }
  if (all.size() < kEndStep) return false;
  return static_cast<double>(median_in_place(all)) - sky.level > 0.8 * sky.sigma;
}

/// Follows an end outward until the trail does not show in two steps.
double follow(const Images& in, const TrailLine& line, double t, double direction, double low,
              double high, int reach) {
  double end = t;
  int dark = 0;
  for (int step = 0; dark < 2 && step < 4096; ++step) {
    const double begin = direction > 0.0 ? t + step * kEndStep : t - (step + 1) * kEndStep;
    if (shows(in, line, begin, low, high, reach)) {
      dark = 0;
      end = direction > 0.0 ? begin + kEndStep : begin;
    } else {
      ++dark;
    }
  }
  return end;
}

/// Edges of the mask at t, between the middles of the pieces.
class Edges {
 public:
  Edges(std::vector<Across> pieces, double low, double high) : pieces_(std::move(pieces)) {
    for (Across& piece : pieces_) {
      piece.low = piece.known ? std::min(piece.low, low) : low;
      piece.high = piece.known ? std::max(piece.high, high) : high;
    }
  }
  bool contain(double t, double d) const {
    const double u = (t - pieces_.front().t) / kPiece;
    const double last = static_cast<double>(pieces_.size() - 1);
    const double clamped = std::clamp(u, 0.0, last);
    const auto i = static_cast<std::size_t>(clamped);
    const std::size_t j = std::min(i + 1, pieces_.size() - 1);
    // The wider of two neighbours: brightness may jump anywhere between their middles.
    return d >= std::min(pieces_[i].low, pieces_[j].low) - kMargin &&
           d <= std::max(pieces_[i].high, pieces_[j].high) + kMargin;
  }
  double widest() const {
    double widest = 0.0;
    for (const Across& p : pieces_) widest = std::max({widest, -p.low, p.high});
    return widest + kMargin;
  }

 private:
  std::vector<Across> pieces_;
};

void paint(const TrailLine& line, double t0, double t1, const Edges& edges, View<MaskPixel> mask) {
  const bool steep = std::abs(line.uy) > std::abs(line.ux);
  const double major_u = steep ? line.uy : line.ux;
  const double minor_u = steep ? line.ux : line.uy;
  const double major_0 = steep ? line.y : line.x;
  const double minor_0 = steep ? line.x : line.y;
  const double span = edges.widest() / std::abs(major_u) + 2.0;
  const std::ptrdiff_t major_size = steep ? mask.height : mask.width;
  const std::ptrdiff_t minor_size = steep ? mask.width : mask.height;
  for (std::ptrdiff_t a = 0; a < major_size; ++a) {
    const double centre = minor_0 + (static_cast<double>(a) - major_0) / major_u * minor_u;
    const std::ptrdiff_t first =
        std::max<std::ptrdiff_t>(0, std::lround(std::clamp(centre - span, -1.0, 1e9)));
    const std::ptrdiff_t last =
        std::min(minor_size - 1,
                 static_cast<std::ptrdiff_t>(std::lround(std::clamp(centre + span, -1.0, 1e9))));
    for (std::ptrdiff_t b = first; b <= last; ++b) {
      const std::ptrdiff_t x = steep ? b : a;
      const std::ptrdiff_t y = steep ? a : b;
      const double dx = static_cast<double>(x) - line.x;
      const double dy = static_cast<double>(y) - line.y;
      const double t = dx * line.ux + dy * line.uy;
      if (t < t0 || t > t1 || !edges.contain(t, dy * line.ux - dx * line.uy)) continue;
      mask(x, y) |= mask_bits::trail;
    }
  }
}

}  // namespace

MaskedTrail mask_trail(View<const float> image, View<const float> variance,
                       const TrailStretch& stretch, int reach, double edge_sigma,
                       View<MaskPixel> mask) {
  const Images in{image, variance, mask};
  std::vector<Across> pieces;
  for (double t = stretch.t0; t < stretch.t1; t += kPiece) {
    pieces.push_back(look_across(in, stretch.line, t, reach, edge_sigma));
  }
  if (pieces.empty()) return {};
  const double low = std::min(-kMinHalfWidth, median_of(pieces, &Across::low));
  const double high = std::max(kMinHalfWidth, median_of(pieces, &Across::high));
  MaskedTrail result;
  result.half_width = 0.5 * (high - low) + kMargin;
  result.brightness = median_of(pieces, &Across::brightness);
  result.t0 =
      follow(in, stretch.line, stretch.t0 + kPiece, -1.0, low, high, reach) - result.half_width;
  result.t1 =
      follow(in, stretch.line, stretch.t1 - kPiece, 1.0, low, high, reach) + result.half_width;
  paint(stretch.line, result.t0, result.t1, Edges(pieces, low, high), mask);
  return result;
}

}  // namespace polis
