#include "kernels/overscan.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "kernels/robust.h"

namespace polis {
namespace {

/// Whether levels jump from row to row by more than the noise of their pixels explains.
bool rows_jump(std::span<const Level> rows, double sigma) {
  std::vector<float> squares;
  double expected = 0.0;
  for (std::size_t y = 1; y < rows.size(); ++y) {
    if (rows[y].count == 0 || rows[y - 1].count == 0) continue;
    const double d = rows[y].level - rows[y - 1].level;
    squares.push_back(static_cast<float>(d * d));
    expected +=
        sigma * sigma *
        (1.0 / static_cast<double>(rows[y].count) + 1.0 / static_cast<double>(rows[y - 1].count));
  }
  if (squares.size() < 8) return true;
  expected /= static_cast<double>(squares.size());
  // The median of the square of a normal deviate is 0.4549 of its variance.
  return static_cast<double>(median_in_place(squares)) > 1.5 * 0.4549 * expected;
}

float window_level(std::span<const Level> rows, std::size_t y, int half,
                   std::vector<float>& scratch) {
  const std::size_t first =
      y >= static_cast<std::size_t>(half) ? y - static_cast<std::size_t>(half) : 0;
  const std::size_t last = std::min(rows.size(), y + static_cast<std::size_t>(half) + 1);
  scratch.clear();
  for (std::size_t i = first; i < last; ++i) {
    if (rows[i].count > 0) scratch.push_back(static_cast<float>(rows[i].level));
  }
  return static_cast<float>(clipped_level(scratch).level);
}

/// Standard deviation about the rows' medians, all rows together: that of a single short row is too
/// uncertain to clip with.
double pooled_sigma(View<const float> overscan, std::span<const Level> rows) {
  std::vector<float> deviations;
  deviations.reserve(static_cast<std::size_t>(overscan.size()));
  for (std::size_t y = 0; y < rows.size() && static_cast<std::ptrdiff_t>(y) < overscan.height;
       ++y) {
    if (rows[y].count < 2) continue;
    const double n = static_cast<double>(rows[y].count);
    // The median takes up part of the scatter, as the mean does.
    const double unbiased = std::sqrt(n / (n - 1.0));
    const float* row = overscan.row(static_cast<std::ptrdiff_t>(y));
    for (std::ptrdiff_t x = 0; x < overscan.width; ++x) {
      deviations.push_back(
          static_cast<float>(unbiased * (static_cast<double>(row[x]) - rows[y].level)));
    }
  }
  const Level level = clipped_level(deviations, 4.0);
  return level.count == 0 ? std::numeric_limits<double>::quiet_NaN() : level.sigma;
}

/// Median of each row.
std::vector<Level> row_medians(View<const float> overscan, std::size_t count) {
  std::vector<Level> rows(count);
  std::vector<float> scratch;
  for (std::size_t y = 0; y < count && static_cast<std::ptrdiff_t>(y) < overscan.height; ++y) {
    const float* row = overscan.row(static_cast<std::ptrdiff_t>(y));
    scratch.clear();
    std::copy_if(row, row + overscan.width, std::back_inserter(scratch),
                 [](float v) { return std::isfinite(v); });
    rows[y] = {static_cast<double>(median_in_place(scratch)), 0.0, scratch.size()};
  }
  return rows;
}

/// Replaces a row's median by the mean of what lies within `limit` of it.
void refine(const float* row, std::ptrdiff_t width, double limit, Level& level) {
  double sum = 0.0;
  std::size_t count = 0;
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const double d = static_cast<double>(row[x]) - level.level;
    if (!(std::abs(d) <= limit)) continue;
    sum += d;
    ++count;
  }
  if (count == 0) return;
  level.level += sum / static_cast<double>(count);
  level.count = count;
}

}  // namespace

double overscan_levels(View<const float> overscan, const OverscanOptions& options,
                       std::span<float> levels) {
  std::vector<Level> rows = row_medians(overscan, levels.size());
  const double sigma = pooled_sigma(overscan, rows);
  for (std::size_t y = 0; y < rows.size(); ++y) {
    if (rows[y].count == 0) continue;
    refine(overscan.row(static_cast<std::ptrdiff_t>(y)), overscan.width, options.clip_sigma * sigma,
           rows[y]);
  }
  std::vector<float> scratch;
  const int half = rows_jump(rows, sigma) ? 0 : options.half_rows;
  const float whole = overscan_level(overscan, options);
  for (std::size_t y = 0; y < rows.size(); ++y) {
    const float level = window_level(rows, y, half, scratch);
    levels[y] = std::isfinite(level) ? level : whole;
  }
  return sigma;
}

float overscan_level(View<const float> overscan, const OverscanOptions& options) {
  std::vector<float> values = sample_pixels(overscan, {}, 0, static_cast<std::size_t>(1) << 20);
  return static_cast<float>(clipped_level(values, options.clip_sigma).level);
}

}  // namespace polis
