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

/// Integral of sqrt(r^2 - t^2) from 0 to t, |t| <= r.
double half_disc(double t, double r) {
  return 0.5 * (t * std::sqrt(std::max(0.0, r * r - t * t)) + r * r * std::asin(t / r));
}

/// Corner lines of the pixels: distance from the centre, and the part of the disc before that line.
struct Line {
  double at;      // clamped into [-r, r]
  double before;  // half the area of the disc before the line
};
Line line_at(double offset, double r) {
  const double at = std::clamp(offset, -r, r);
  return {at, 0.25 * std::numbers::pi * r * r + half_disc(at, r)};
}

/// Area of the disc with X <= x and Y <= y for all corner columns x of one corner row y. Inside the
/// disc it is before(x) + before(y) - pi r^2 / 4 + x y; outside it follows from the areas before
/// the lines.
void corner_row(const double* x, const double* before, std::size_t count, const Line& y, double r,
                double* area) {
  const double disc = std::numbers::pi * r * r;
  const double quarter = 0.25 * disc;
  const double both = y.at > 0.0 ? 2.0 * y.before - disc : 0.0;
  const double right = y.at > 0.0 ? 0.0 : 2.0 * y.before;
  const double weight_left = y.at > 0.0 ? 2.0 : 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    const double inside = before[i] + y.before - quarter + x[i] * y.at;
    const double left_part = weight_left * before[i];
    const double outside = x[i] > 0.0 ? left_part + both + right : left_part;
    area[i] = x[i] * x[i] + y.at * y.at < r * r ? inside : outside;
  }
}

}  // namespace

ApertureSum circle_sum(const SourceStamp& stamp, double x, double y, double radius) {
  ApertureSum sum;
  if (!(radius > 0.0)) return sum;
  const Span columns = span_about(x, radius, stamp.width);
  const Span rows = span_about(y, radius, stamp.height);
  if (columns.last <= columns.first || rows.last <= rows.first) return sum;
  const auto count = static_cast<std::size_t>(columns.last - columns.first);
  constexpr std::size_t few = 64;  // on the stack up to here
  std::array<double, 4 * few> small;
  std::vector<double> large;
  const std::size_t line = count + 1;
  if (line > few) large.resize(4 * line);
  double* at = line > few ? large.data() : small.data();
  double* before = at + line;
  double* above = before + line;
  double* below = above + line;
  for (std::size_t i = 0; i < line; ++i) {
    const Line corner = line_at(columns.first + static_cast<double>(i) - 0.5 - x, radius);
    at[i] = corner.at;
    before[i] = corner.before;
  }
  corner_row(at, before, line, line_at(rows.first - 0.5 - y, radius), radius, above);
  for (std::int32_t j = rows.first; j < rows.last; ++j) {
    corner_row(at, before, line, line_at(j + 0.5 - y, radius), radius, below);
    const float* value = &stamp.value[stamp.row(j) + static_cast<std::size_t>(columns.first)];
    const float* noise = &stamp.variance[stamp.row(j) + static_cast<std::size_t>(columns.first)];
    for (std::size_t i = 0; i < count; ++i) {
      const double part = below[i + 1] - below[i] - above[i + 1] + above[i];
      sum.flux += part * static_cast<double>(value[i]);
      sum.variance += part * static_cast<double>(noise[i]);
    }
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
