#include "kernels/line_sums.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

/// Which of the four octant pairs a transform covers: slopes 0..1 of the image, mirrored or
/// transposed.
struct Orientation {
  bool transposed, mirrored;
};
constexpr std::array<Orientation, 4> kOrientations{
    {{false, false}, {false, true}, {true, false}, {true, true}}};

/// Sums over segments that cross `columns` columns and rise by 0..columns-1 rows:
/// sums[(block * columns + rise) * rows + y].
struct Level {
  std::ptrdiff_t columns, rows;
  std::vector<float> sums;
  const float* line(std::ptrdiff_t block, std::ptrdiff_t rise) const {
    return sums.data() + (block * columns + rise) * rows;
  }
};

/// One image prepared for a transform: columns are contiguous, with empty rows below for lines that
/// come in from there.
struct Prepared {
  std::ptrdiff_t width, height;  ///< of the oriented image
  std::ptrdiff_t total_columns;  ///< power of two
  Level level;
};

Prepared prepare(View<const float> image, Orientation o) {
  Prepared p{};
  p.width = o.transposed ? image.height : image.width;
  p.height = o.transposed ? image.width : image.height;
  p.total_columns = static_cast<std::ptrdiff_t>(std::bit_ceil(static_cast<std::size_t>(p.width)));
  p.level.columns = 1;
  p.level.rows = p.height + p.total_columns;
  p.level.sums.assign(static_cast<std::size_t>(p.total_columns * p.level.rows), 0.0F);
  for (std::ptrdiff_t x = 0; x < p.width; ++x) {
    float* column = p.level.sums.data() + x * p.level.rows + p.total_columns;
    for (std::ptrdiff_t y = 0; y < p.height; ++y) {
      const std::ptrdiff_t row = o.mirrored ? p.height - 1 - y : y;
      column[y] = o.transposed ? image(row, x) : image(x, row);
    }
  }
  return p;
}

/// Joins neighbouring segments to segments of twice the length.
Level doubled(const Level& from, std::ptrdiff_t total_columns) {
  Level to{2 * from.columns, from.rows, std::vector<float>(from.sums.size())};
  for (std::ptrdiff_t block = 0; block < total_columns / to.columns; ++block) {
    for (std::ptrdiff_t rise = 0; rise < to.columns; ++rise) {
      const float* left = from.line(2 * block, rise / 2);
      const std::ptrdiff_t shift = (rise + 1) / 2;
      const float* right = from.line(2 * block + 1, rise / 2) + shift;
      float* out = to.sums.data() + (block * to.columns + rise) * to.rows;
      const std::ptrdiff_t both = to.rows - shift;
      for (std::ptrdiff_t y = 0; y < both; ++y) out[y] = left[y] + right[y];
      std::copy(left + both, left + to.rows, out + both);
    }
  }
  return to;
}

/// Pixels of the image that a segment crosses.
double pixels_inside(const Prepared& p, std::ptrdiff_t block, std::ptrdiff_t rise,
                     std::ptrdiff_t y) {
  const std::ptrdiff_t columns = p.level.columns;
  const double used = static_cast<double>(std::min(columns, p.width - block * columns));
  if (used <= 0.0) return 0.0;
  const double slope = static_cast<double>(rise) / static_cast<double>(columns);
  const double start = static_cast<double>(y - p.total_columns);
  const double height = static_cast<double>(p.height);
  if (slope <= 0.0) return start >= 0.0 && start < height ? used : 0.0;
  const double first = std::max(0.0, -start / slope);
  const double last = std::min(used, (height - start) / slope);
  return std::max(0.0, last - first);
}

struct Found {
  double significance;
  std::ptrdiff_t block, rise, y, columns;
};

/// Median and spread of sum / sqrt(pixels) over a pattern of segments.
struct Normal {
  double middle = 0.0, sigma = 1.0;
};

Normal normal_of(const Prepared& p) {
  std::vector<float> values;
  const std::ptrdiff_t blocks = p.total_columns / p.level.columns;
  for (std::ptrdiff_t line = 0; line < blocks * p.level.columns; line += 7) {
    for (std::ptrdiff_t y = line % 11; y < p.level.rows; y += 11) {
      const std::ptrdiff_t block = line / p.level.columns;
      const double n = pixels_inside(p, block, line % p.level.columns, y);
      if (n < 0.5 * static_cast<double>(p.level.columns)) continue;
      const float sum = p.level.line(block, line % p.level.columns)[y];
      values.push_back(sum / static_cast<float>(std::sqrt(n)));
    }
  }
  std::vector<float> scratch = values;
  if (values.empty()) return {};
  const float middle = median_in_place(scratch);
  for (float& v : scratch) v = std::abs(v - middle);
  return {static_cast<double>(middle),
          std::max(1e-6, 1.4826 * static_cast<double>(median_in_place(scratch)))};
}

/// The best segment of each cell of 8 places x 4 slopes.
void collect(const Prepared& p, double min_significance, std::vector<Found>& found) {
  const Normal normal = normal_of(p);
  const std::ptrdiff_t columns = p.level.columns;
  const std::ptrdiff_t cells = (p.level.rows + 7) / 8;
  for (std::ptrdiff_t block = 0; block < p.total_columns / columns; ++block) {
    for (std::ptrdiff_t first = 0; first < columns; first += 4) {
      std::vector<Found> best(static_cast<std::size_t>(cells),
                              Found{min_significance, -1, 0, 0, columns});
      for (std::ptrdiff_t rise = first; rise < std::min(columns, first + 4); ++rise) {
        const float* line = p.level.line(block, rise);
        for (std::ptrdiff_t y = 0; y < p.level.rows; ++y) {
          // A bound that needs no square root: most segments stop here.
          const double limit = normal.middle + min_significance * normal.sigma;
          const double sum = static_cast<double>(line[y]);
          if (sum <= 0.0 || sum * sum <= limit * limit * 0.5 * static_cast<double>(columns))
            continue;
          const double n = pixels_inside(p, block, rise, y);
          if (n < 0.5 * static_cast<double>(columns)) continue;
          const double significance = (sum / std::sqrt(n) - normal.middle) / normal.sigma;
          Found& cell = best[static_cast<std::size_t>(y / 8)];
          if (significance > cell.significance) cell = {significance, block, rise, y, columns};
        }
      }
      std::copy_if(best.begin(), best.end(), std::back_inserter(found),
                   [](const Found& f) { return f.block >= 0; });
    }
  }
}

LineSegment segment_of(const Prepared& p, const Found& f, Orientation o) {
  const double columns = static_cast<double>(f.columns);
  double x0 = static_cast<double>(f.block) * columns;
  double x1 = x0 + columns - 1.0;
  double y0 = static_cast<double>(f.y - p.total_columns);
  double y1 = y0 + static_cast<double>(f.rise);
  if (o.mirrored) {
    y0 = static_cast<double>(p.height - 1) - y0;
    y1 = static_cast<double>(p.height - 1) - y1;
  }
  if (o.transposed) {
    std::swap(x0, y0);
    std::swap(x1, y1);
  }
  return {x0, y0, x1, y1, f.significance};
}

/// Whether the middle and the ends of the shorter segment lie within a few pixels of the other's
/// line.
bool coincide(const LineSegment& a, const LineSegment& b) {
  const double length = std::hypot(a.x1 - a.x0, a.y1 - a.y0);
  const auto away = [&](double x, double y) {
    return std::abs((x - a.x0) * (a.y1 - a.y0) - (y - a.y0) * (a.x1 - a.x0)) / length;
  };
  return away(b.x0, b.y0) < 5.0 && away(b.x1, b.y1) < 5.0;
}

}  // namespace

std::vector<LineSegment> brightest_segments(View<const float> image,
                                            const LineSumOptions& options) {
  if (image.width < 2 || image.height < 2) return {};
  std::array<std::vector<LineSegment>, kOrientations.size()> parts;
  parallel_for(static_cast<std::ptrdiff_t>(kOrientations.size()), [&](std::ptrdiff_t i) {
    const Orientation o = kOrientations[static_cast<std::size_t>(i)];
    Prepared p = prepare(image, o);
    std::vector<Found> found;
    while (p.level.columns < p.total_columns) {
      p.level = doubled(p.level, p.total_columns);
      if (p.level.columns >= options.min_length) collect(p, options.min_significance, found);
    }
    for (const Found& f : found) parts[static_cast<std::size_t>(i)].push_back(segment_of(p, f, o));
  });
  std::vector<LineSegment> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::stable_sort(all.begin(), all.end(), [](const LineSegment& a, const LineSegment& b) {
    return a.significance > b.significance;
  });
  std::vector<LineSegment> distinct;
  for (const LineSegment& segment : all) {
    if (distinct.size() >= options.most) break;
    const bool known = std::any_of(distinct.begin(), distinct.end(),
                                   [&](const LineSegment& d) { return coincide(d, segment); });
    if (!known) distinct.push_back(segment);
  }
  return distinct;
}

}  // namespace polis
