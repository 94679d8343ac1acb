#include "kernels/apertures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "kernels/simd.h"

namespace polis {
namespace {

/// Columns or rows first..last - 1 of the stamp that lie within `reach` of `centre`.
struct Span {
  std::int32_t first, last;
};
Span span_about(double centre, double reach, std::int32_t size) {
  const auto first = static_cast<std::int32_t>(std::floor(centre - reach + 0.5));
  const auto last = static_cast<std::int32_t>(std::ceil(centre + reach + 0.5));
  return {std::clamp(first, 0, size), std::clamp(last, 0, size)};
}

/// asin by its power series, which for |x| > 1/2 is that of the half complement: no branch and no
/// call, so that a loop of it runs on vectors. The error is below 1e-9.
double arc_sine(double x) {
  // (2n)! / (4^n n!^2 (2n + 1)) for n = 1, 2, ...
  constexpr std::array<double, 12> series{
      1.0 / 6,           3.0 / 40,          5.0 / 112,          35.0 / 1152,
      63.0 / 2816,       231.0 / 13312,     143.0 / 10240,      6435.0 / 557056,
      12155.0 / 1245184, 46189.0 / 5505024, 88179.0 / 12058624, 676039.0 / 104857600};
  const double size = std::abs(x);
  const bool far = size > 0.5;
  const double square = far ? 0.5 * (1.0 - size) : size * size;
  const double root = far ? std::sqrt(square) : size;
  double tail = series[11];
  for (std::size_t n = 11; n > 0; --n) tail = tail * square + series[n - 1];
  const double sine = root + root * square * tail;
  return std::copysign(far ? 0.5 * std::numbers::pi - 2.0 * sine : sine, x);
}

/// Corner lines of the pixels, first..first + count - 1: distance from the centre, clamped into
/// [-r, r], and half the area of the disc before the line: pi r^2 / 4 + the integral of sqrt(r^2 -
/// t^2) from 0.
void corner_lines(double first, std::size_t count, double r, double* at, double* before) {
  const double square = r * r;
  for (std::size_t i = 0; i < count; ++i) {
    const double offset = first + static_cast<double>(static_cast<int>(i));
    const double low_cut = offset > -r ? offset : -r;
    const double place = low_cut < r ? low_cut : r;
    const double rest = square - place * place;
    const double half_chord = std::sqrt(rest > 0.0 ? rest : 0.0);
    at[i] = place;
    before[i] = 0.25 * std::numbers::pi * square +
                0.5 * (place * half_chord + square * arc_sine(place / r));
  }
}

/// Area of the disc with X <= x and Y <= y for all corner columns x of one corner row y. Inside the
/// disc it is before(x) + before(y) - pi r^2 / 4 + x y; outside it follows from the areas before
/// the lines.
void corner_row(const double* x, const double* before, std::size_t count, double y, double y_before,
                double r, double* area) {
  const double disc = std::numbers::pi * r * r;
  const double quarter = 0.25 * disc;
  const double both = y > 0.0 ? 2.0 * y_before - disc : 0.0;
  const double right = y > 0.0 ? 0.0 : 2.0 * y_before;
  const double weight_left = y > 0.0 ? 2.0 : 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    const double inside = before[i] + y_before - quarter + x[i] * y;
    const double left_part = weight_left * before[i];
    const double outside = x[i] > 0.0 ? left_part + both + right : left_part;
    area[i] = x[i] * x[i] + y * y < r * r ? inside : outside;
  }
}

/// Adds one row of pixels between two corner rows; four sums side by side, in fixed order.
void add_row(const float* value, const float* noise, const double* above, const double* below,
             std::size_t count, ApertureSum& sum) {
  std::array<double, 4> flux{};
  std::array<double, 4> variance{};
  const auto add = [&](std::size_t i, std::size_t k) {
    const double part = (below[i + 1] - below[i]) - (above[i + 1] - above[i]);
    flux[k] += part * static_cast<double>(value[i]);
    variance[k] += part * static_cast<double>(noise[i]);
  };
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (std::size_t k = 0; k < 4; ++k) add(i + k, k);
  }
  for (std::size_t k = 0; i < count; ++i, ++k) add(i, k);
  sum.flux += (flux[0] + flux[1]) + (flux[2] + flux[3]);
  sum.variance += (variance[0] + variance[1]) + (variance[2] + variance[3]);
}

}  // namespace

ApertureSum circle_sum(const SourceStamp& stamp, double x, double y, double radius) {
  ApertureSum sum;
  if (!(radius > 0.0)) return sum;
  const Span columns = span_about(x, radius, stamp.width);
  const Span rows = span_about(y, radius, stamp.height);
  if (columns.last <= columns.first || rows.last <= rows.first) return sum;
  const auto count = static_cast<std::size_t>(columns.last - columns.first);
  const auto height = static_cast<std::size_t>(rows.last - rows.first);
  constexpr std::size_t few = 40;  // lines: on the stack up to here
  std::array<double, 6 * few> small;
  std::vector<double> large;
  const std::size_t line = std::max(count, height) + 1;
  if (line > few) large.resize(6 * line);
  double* at = line > few ? large.data() : small.data();
  double* before = at + line;
  double* row_at = before + line;
  double* row_before = row_at + line;
  double* above = row_before + line;
  double* below = above + line;
  corner_lines(columns.first - 0.5 - x, count + 1, radius, at, before);
  corner_lines(rows.first - 0.5 - y, height + 1, radius, row_at, row_before);
  corner_row(at, before, count + 1, row_at[0], row_before[0], radius, above);
  for (std::size_t j = 0; j < height; ++j) {
    corner_row(at, before, count + 1, row_at[j + 1], row_before[j + 1], radius, below);
    const std::size_t start = stamp.row(rows.first + static_cast<std::int32_t>(j)) +
                              static_cast<std::size_t>(columns.first);
    add_row(&stamp.value[start], &stamp.variance[start], above, below, count, sum);
    std::swap(above, below);
  }
  return sum;
}

namespace {

using simd::Float8;
using simd::Int8;
using simd::lanes;

/// Calls `body(index, dx, dy, in_columns)` for blocks of eight pixels of a stamp row that cover the
/// rectangle around the ellipse, `body_row` after each row.
template <class Body, class BodyRow>
void for_ellipse(const SourceStamp& stamp, double x, double y, const EllipseShape& shape, double r,
                 Body&& body, BodyRow&& body_row) {
  const double determinant = shape.cxx * shape.cyy - 0.25 * shape.cxy * shape.cxy;
  if (!(determinant > 0.0) || !(r > 0.0)) return;
  const Span columns = span_about(x, r * std::sqrt(shape.cyy / determinant) + 1.0, stamp.width);
  const Span rows = span_about(y, r * std::sqrt(shape.cxx / determinant) + 1.0, stamp.height);
  for (std::int32_t j = rows.first; j < rows.last; ++j) {
    const auto dy = static_cast<float>(j - y);
    const std::int32_t block = columns.first / 8 * 8;
    for (std::int32_t i = block; i < columns.last; i += 8) {
      const Float8 dx = simd::ramp() + static_cast<float>(i - x);
      body(stamp.row(j) + static_cast<std::size_t>(i), dx, dy);
    }
    body_row();
  }
}

}  // namespace

ApertureSum ellipse_sum(const SourceStamp& stamp, double x, double y, const EllipseShape& shape,
                        double r) {
  const auto cxx = static_cast<float>(shape.cxx);
  const auto cyy = static_cast<float>(shape.cyy);
  const auto cxy = static_cast<float>(shape.cxy);
  // The soft border below adds pi / 6 pixels of area to a circle of any size, and about that to an
  // ellipse, whose area is pi r^2 / sqrt(determinant): it is moved inwards by as much.
  const double determinant = shape.cxx * shape.cyy - 0.25 * shape.cxy * shape.cxy;
  const auto limit = static_cast<float>(r * r - std::sqrt(std::max(0.0, determinant)) / 6.0);
  ApertureSum sum;
  Float8 flux{};
  Float8 variance{};
  for_ellipse(
      stamp, x, y, shape, r,
      [&](std::size_t at, Float8 dx, float dy) {
        const Float8 level = cxx * dx * dx + (cyy * dy * dy + cxy * dy * dx);
        const Float8 slope_x = 2.0F * cxx * dx + cxy * dy;
        const Float8 slope_y = 2.0F * cyy * dy + cxy * dx;
        // Distance to the border along the gradient, in pixels, is (r^2 - level) / |gradient|.
        const Float8 slope = simd::square_root(slope_x * slope_x + slope_y * slope_y) + 1e-20F;
        const Float8 part =
            simd::smaller(simd::larger(0.5F + (limit - level) / slope, Float8{}), Float8{} + 1.0F);
        flux += part * simd::load(&stamp.value[at]);
        variance += part * simd::load(&stamp.variance[at]);
      },
      [&] {
        sum.flux += simd::sum(flux);
        sum.variance += simd::sum(variance);
        flux = variance = Float8{};
      });
  return sum;
}

double first_moment(const SourceStamp& stamp, double x, double y, const EllipseShape& shape,
                    double r) {
  const auto cxx = static_cast<float>(shape.cxx);
  const auto cyy = static_cast<float>(shape.cyy);
  const auto cxy = static_cast<float>(shape.cxy);
  const Float8 limit = Float8{} + static_cast<float>(r * r);
  double total = 0.0;
  double moment = 0.0;
  Float8 row_total{};
  Float8 row_moment{};
  for_ellipse(
      stamp, x, y, shape, r,
      [&](std::size_t at, Float8 dx, float dy) {
        const Float8 level = cxx * dx * dx + (cyy * dy * dy + cxy * dy * dx);
        const Float8 value = simd::keep(level <= limit, simd::load(&stamp.value[at]));
        row_total += value;
        row_moment += value * simd::square_root(simd::larger(level, Float8{}));
      },
      [&] {
        total += simd::sum(row_total);
        moment += simd::sum(row_moment);
        row_total = row_moment = Float8{};
      });
  return total > 0.0 && moment > 0.0 ? moment / total : 0.0;
}

double radius_holding(const SourceStamp& stamp, double x, double y, double flux, double guess,
                      double largest) {
  if (!(flux > 0.0) || !(largest > 0.0)) return 0.0;
  double low = 0.0;
  double low_miss = -flux;
  double high = std::clamp(guess, 0.1, largest);
  double high_miss = circle_sum(stamp, x, y, high).flux - flux;
  while (high_miss < 0.0 && high < largest) {
    low = high;
    low_miss = high_miss;
    high = std::min(largest, 1.5 * high);
    high_miss = circle_sum(stamp, x, y, high).flux - flux;
  }
  if (high_miss < 0.0) return largest;
  // Regula falsi with the Illinois step: the end that stays has its weight halved.
  constexpr int max_steps = 20;
  constexpr double tolerance_px = 1e-3;
  int side = 0;
  double middle = high;
  for (int step = 0; step < max_steps && high - low > tolerance_px; ++step) {
    const double last = middle;
    middle = low + (high - low) * (-low_miss / (high_miss - low_miss));
    if (std::abs(middle - last) < tolerance_px) break;
    const double miss = circle_sum(stamp, x, y, middle).flux - flux;
    if (miss < 0.0) {
      low = middle;
      low_miss = miss;
      if (side < 0) high_miss *= 0.5;
      side = -1;
    } else {
      high = middle;
      high_miss = miss;
      if (side > 0) low_miss *= 0.5;
      side = 1;
    }
  }
  return middle;
}

}  // namespace polis
