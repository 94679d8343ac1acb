#include "kernels/line_sums.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "kernels/line_transform.h"
#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

constexpr float kFinestStep = 1.0F / 64.0F;  // [sigma]

/// Which of the four octant pairs a transform covers: slopes 0..1 of the image, mirrored or
/// transposed.
struct Orientation {
  bool transposed, mirrored;
};
constexpr std::array<Orientation, 4> kOrientations{
    {{false, false}, {false, true}, {true, false}, {true, true}}};

/// An image in steps of 1 / scale, as it is and with its axes exchanged.
struct Quantised {
  Plane<std::int16_t> rows, columns;
  float scale = 1.0F;
  /// Row k of the view is column k of the oriented image.
  View<const std::int16_t> columns_of(Orientation o) const {
    return o.transposed ? rows.view() : columns.view();
  }
};

Quantised quantise(View<const float> image, const LineSumOptions& options) {
  const auto longest = std::bit_ceil(static_cast<std::size_t>(std::max(image.width, image.height)));
  const float largest = std::max({std::abs(options.lowest), std::abs(options.highest), 1e-3F});
  Quantised q{
      Plane<std::int16_t>(image.width, image.height),
      Plane<std::int16_t>(image.height, image.width),
      std::min(1.0F / kFinestStep, kLargestLineSum / (largest * static_cast<float>(longest)))};
  for (std::ptrdiff_t y = 0; y < image.height; ++y) {
    const float* from = image.row(y);
    std::int16_t* to = &q.rows(0, y);
    for (std::ptrdiff_t x = 0; x < image.width; ++x) {
      const float v = from[x] == from[x] ? from[x] : 0.0F;
      const float cut = v < options.lowest ? options.lowest : v;
      const float scaled = q.scale * (cut > options.highest ? options.highest : cut);
      to[x] = static_cast<std::int16_t>(static_cast<int>(scaled + (scaled < 0.0F ? -0.5F : 0.5F)));
    }
  }
  constexpr std::ptrdiff_t tile = 32;
  for (std::ptrdiff_t y0 = 0; y0 < image.height; y0 += tile)
    for (std::ptrdiff_t x = 0; x < image.width; ++x)
      for (std::ptrdiff_t y = y0; y < std::min(y0 + tile, image.height); ++y)
        q.columns(y, x) = q.rows(x, y);
  return q;
}

/// One transform and the size of the oriented image.
struct Search {
  LineLevel const& level;
  std::ptrdiff_t width;
  float scale;
};

/// Pixels of the image that a segment crosses.
double pixels_inside(const Search& s, std::ptrdiff_t block, std::ptrdiff_t rise, std::ptrdiff_t y) {
  const std::ptrdiff_t columns = s.level.columns;
  const double used = static_cast<double>(std::min(columns, s.width - block * columns));
  if (used <= 0.0) return 0.0;
  const double slope = static_cast<double>(rise) / static_cast<double>(columns);
  const double start = static_cast<double>(y);
  const double height = static_cast<double>(s.level.height);
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

Normal normal_of(const Search& s) {
  // Some 10,000 segments tell the spread to one percent.
  constexpr std::ptrdiff_t row_step = 11;
  const std::ptrdiff_t lines = s.level.blocks * s.level.columns;
  const std::ptrdiff_t line_step =
      std::max<std::ptrdiff_t>(7, (lines * s.level.rows() / row_step / 10000) | 1);
  std::vector<float> values;
  for (std::ptrdiff_t line = 0; line < lines; line += line_step) {
    const std::ptrdiff_t block = line / s.level.columns, rise = line % s.level.columns;
    for (std::ptrdiff_t y = line % row_step - s.level.columns; y < s.level.height; y += row_step) {
      const double n = pixels_inside(s, block, rise, y);
      if (n < 0.5 * static_cast<double>(s.level.columns)) continue;
      const float sum = static_cast<float>(s.level.line(block, rise)[y]) / s.scale;
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

/// Whether any of 32 values is above the limit.
bool any_above(const std::int16_t* values, std::int16_t limit) {
  std::int16_t any = 0;
  for (int k = 0; k < 32; ++k) any = static_cast<std::int16_t>(any | (values[k] > limit ? 1 : 0));
  return any != 0;
}

/// The best segment of each cell of 8 places x 4 slopes.
class Cells {
 public:
  Cells(const Search& s, double min_significance)
      : s_(s), min_(min_significance), normal_(normal_of(s)) {
    // A bound that needs no square root: most segments stop here.
    const double limit = std::max(0.0, normal_.middle + min_ * normal_.sigma);
    const double bound = static_cast<double>(s.scale) * limit *
                         std::sqrt(0.5 * static_cast<double>(s.level.columns));
    limit_ = static_cast<std::int16_t>(std::min(bound, 32767.0));
  }

  void collect(std::vector<Found>& found) {
    const std::ptrdiff_t columns = s_.level.columns;
    const auto cells = static_cast<std::size_t>((s_.level.rows() + 7) / 8);
    for (std::ptrdiff_t block = 0; block < s_.level.blocks; ++block)
      for (std::ptrdiff_t first = 0; first < columns; first += 4) {
        best_.assign(cells, Found{min_, -1, 0, 0, columns});
        any_ = false;
        for (std::ptrdiff_t rise = first; rise < std::min(columns, first + 4); ++rise)
          look_along(block, rise);
        if (!any_) continue;
        std::copy_if(best_.begin(), best_.end(), std::back_inserter(found),
                     [](const Found& f) { return f.block >= 0; });
      }
  }

 private:
  void look_along(std::ptrdiff_t block, std::ptrdiff_t rise) {
    const std::int16_t* line = s_.level.line(block, rise);
    std::ptrdiff_t y = -s_.level.columns;
    for (; y + 32 <= s_.level.height; y += 32) {
      if (!any_above(line + y, limit_)) continue;
      for (std::ptrdiff_t k = y; k < y + 32; ++k) judge(block, rise, k, line[k]);
    }
    for (; y < s_.level.height; ++y) judge(block, rise, y, line[y]);
  }

  void judge(std::ptrdiff_t block, std::ptrdiff_t rise, std::ptrdiff_t y, std::int16_t scaled) {
    if (scaled <= limit_) return;
    const double n = pixels_inside(s_, block, rise, y);
    if (n < 0.5 * static_cast<double>(s_.level.columns)) return;
    const double sum = static_cast<double>(scaled) / static_cast<double>(s_.scale);
    const double significance = (sum / std::sqrt(n) - normal_.middle) / normal_.sigma;
    Found& cell = best_[static_cast<std::size_t>((y + s_.level.columns) / 8)];
    if (!(significance > cell.significance)) return;
    cell = {significance, block, rise, y, s_.level.columns};
    any_ = true;
  }

  Search s_;
  double min_;
  Normal normal_;
  std::int16_t limit_ = 0;
  std::vector<Found> best_;
  bool any_ = false;
};

LineSegment segment_of(const Found& f, Orientation o, std::ptrdiff_t height) {
  const double columns = static_cast<double>(f.columns);
  double x0 = static_cast<double>(f.block) * columns;
  double x1 = x0 + columns - 1.0;
  double y0 = static_cast<double>(f.y);
  double y1 = y0 + static_cast<double>(f.rise);
  if (o.mirrored) {
    y0 = static_cast<double>(height - 1) - y0;
    y1 = static_cast<double>(height - 1) - y1;
  }
  if (o.transposed) {
    std::swap(x0, y0);
    std::swap(x1, y1);
  }
  return {x0, y0, x1, y1, f.significance};
}

std::vector<LineSegment> segments_of(const Quantised& image, Orientation o,
                                     const LineSumOptions& options, LineTransform& transform) {
  const View<const std::int16_t> columns = image.columns_of(o);
  const auto first_length =
      static_cast<std::ptrdiff_t>(std::bit_ceil(static_cast<std::size_t>(options.min_length)));
  transform.start(columns, o.mirrored, first_length);
  std::vector<Found> found;
  for (;;) {
    const Search search{transform.level(), columns.height, image.scale};
    if (search.level.columns >= options.min_length)
      Cells(search, options.min_significance).collect(found);
    if (!transform.can_double()) break;
    transform.double_length();
  }
  std::vector<LineSegment> segments;
  for (const Found& f : found) segments.push_back(segment_of(f, o, columns.width));
  return segments;
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
  const Quantised quantised = quantise(image, options);
  std::array<std::vector<LineSegment>, kOrientations.size()> parts;
  std::vector<LineTransform> transforms(static_cast<std::size_t>(thread_count()));
  parallel_for(static_cast<std::ptrdiff_t>(kOrientations.size()), [&](std::ptrdiff_t i) {
    const auto k = static_cast<std::size_t>(i);
    LineTransform& transform = transforms[static_cast<std::size_t>(thread_index())];
    parts[k] = segments_of(quantised, kOrientations[k], options, transform);
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
