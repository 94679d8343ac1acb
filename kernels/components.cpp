#include "kernels/components.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "kernels/parallel.h"
#include "kernels/simd.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t rows_per_band = 64;
constexpr std::ptrdiff_t step = 32;

/// Bit k: pixel x + k is above the threshold.
std::uint32_t above_bits(const float* row, std::ptrdiff_t x, std::ptrdiff_t width,
                         float threshold) {
  std::uint32_t result = 0;
  if (x + step <= width) {
    const simd::Float8 limit = simd::splat(threshold);
    for (unsigned k = 0; k < 4; ++k) {
      result |= simd::bits(simd::load(row + x + 8 * k) >= limit) << (8 * k);
    }
    return result;
  }
  for (std::ptrdiff_t k = 0; x + k < width; ++k) {
    result |= (row[x + k] >= threshold ? 1U : 0U) << k;
  }
  return result;
}

/// Appends the runs of one row.
void find_runs(const float* row, std::int32_t y, std::ptrdiff_t width, float threshold,
               std::vector<PixelRun>& runs) {
  std::ptrdiff_t start = -1;  // of the run that is open
  for (std::ptrdiff_t x = 0; x < width; x += step) {
    const std::uint32_t bits = above_bits(row, x, width, threshold);
    std::ptrdiff_t at = 0;
    while (at < step) {
      const std::uint32_t wanted = (start < 0 ? bits : ~bits) >> at;
      if (wanted == 0) break;
      at += std::countr_zero(wanted);
      if (start < 0) {
        start = x + at;
      } else {
        runs.push_back({y, static_cast<std::int32_t>(start), static_cast<std::int32_t>(x + at), 0});
        start = -1;
      }
    }
  }
  if (start >= 0) {
    runs.push_back({y, static_cast<std::int32_t>(start), static_cast<std::int32_t>(width), 0});
  }
}

/// Union-find in which the root is the smallest member: what comes first in the image.
std::int32_t find_root(std::vector<std::int32_t>& parent, std::int32_t i) {
  while (parent[static_cast<std::size_t>(i)] != i) {
    std::int32_t& up = parent[static_cast<std::size_t>(i)];
    up = parent[static_cast<std::size_t>(up)];
    i = up;
  }
  return i;
}

void unite(std::vector<std::int32_t>& parent, std::int32_t a, std::int32_t b) {
  a = find_root(parent, a);
  b = find_root(parent, b);
  if (a == b) return;
  parent[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
}

/// Unites the runs of two neighbouring rows that touch, corners included. Ranges of run numbers.
void link_rows(const std::vector<PixelRun>& runs, std::size_t upper, std::size_t upper_end,
               std::size_t lower, std::size_t lower_end, std::vector<std::int32_t>& parent) {
  while (upper < upper_end && lower < lower_end) {
    if (runs[upper].x1 < runs[lower].x0) {
      ++upper;
    } else if (runs[lower].x1 < runs[upper].x0) {
      ++lower;
    } else {
      unite(parent, static_cast<std::int32_t>(upper), static_cast<std::int32_t>(lower));
      if (runs[upper].x1 < runs[lower].x1) {
        ++upper;
      } else {
        ++lower;
      }
    }
  }
}

float peak_of(const float* row, const PixelRun& run) {
  float peak = row[run.x0];
  for (std::int32_t x = run.x0 + 1; x < run.x1; ++x) peak = row[x] > peak ? row[x] : peak;
  return peak;
}

/// What one band contributes: its runs, the start of each of its rows, links and peaks by run.
struct Band {
  std::vector<PixelRun> runs;
  std::vector<std::size_t> row_start;
  std::vector<std::int32_t> parent;
  std::vector<float> peak;
};

Band scan_band(View<const float> snr, std::ptrdiff_t first, std::ptrdiff_t last, float isophote) {
  Band band;
  for (std::ptrdiff_t y = first; y < last; ++y) {
    band.row_start.push_back(band.runs.size());
    find_runs(snr.row(y), static_cast<std::int32_t>(y), snr.width, isophote, band.runs);
  }
  band.row_start.push_back(band.runs.size());
  band.parent.resize(band.runs.size());
  for (std::size_t i = 0; i < band.runs.size(); ++i) {
    band.parent[i] = static_cast<std::int32_t>(i);
    band.peak.push_back(peak_of(snr.row(band.runs[i].y), band.runs[i]));
  }
  for (std::size_t r = 1; r + 1 < band.row_start.size(); ++r) {
    link_rows(band.runs, band.row_start[r - 1], band.row_start[r], band.row_start[r],
              band.row_start[r + 1], band.parent);
  }
  return band;
}

/// Puts the bands one behind the other and links across their borders.
Components join(std::vector<Band>& bands, std::vector<std::int32_t>& parent,
                std::vector<float>& peak) {
  Components result;
  for (Band& band : bands) {
    const std::size_t offset = result.runs.size();
    for (std::size_t r = 0; r + 1 < band.row_start.size(); ++r) {
      result.row_start.push_back(offset + band.row_start[r]);
    }
    result.runs.insert(result.runs.end(), band.runs.begin(), band.runs.end());
    peak.insert(peak.end(), band.peak.begin(), band.peak.end());
    for (const std::int32_t up : band.parent)
      parent.push_back(up + static_cast<std::int32_t>(offset));
    band = {};
  }
  result.row_start.push_back(result.runs.size());
  const std::size_t rows = result.row_start.size() - 1;
  for (std::size_t y = rows_per_band; y < rows; y += rows_per_band) {
    link_rows(result.runs, result.row_start[y - 1], result.row_start[y], result.row_start[y],
              result.row_start[y + 1], parent);
  }
  return result;
}

}  // namespace

Components find_components(View<const float> snr, float isophote, float peak,
                           std::int32_t min_pixels) {
  const std::ptrdiff_t count = (snr.height + rows_per_band - 1) / rows_per_band;
  std::vector<Band> bands(static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, count)));
  if (!snr.empty()) {
    parallel_bands(snr.height, rows_per_band, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
      bands[static_cast<std::size_t>(first / rows_per_band)] =
          scan_band(snr, first, last, isophote);
    });
  }
  std::vector<std::int32_t> parent;
  std::vector<float> highest;
  Components result = join(bands, parent, highest);
  std::vector<std::int32_t> pixels(result.runs.size(), 0);
  for (std::size_t i = 0; i < result.runs.size(); ++i) {
    // Parents come first, so one step leads to the root.
    parent[i] = parent[static_cast<std::size_t>(parent[i])];
    const auto root = static_cast<std::size_t>(parent[i]);
    highest[root] = std::max(highest[root], highest[i]);
    pixels[root] += result.runs[i].x1 - result.runs[i].x0;
  }
  for (std::size_t i = 0; i < result.runs.size(); ++i) {
    const auto root = static_cast<std::size_t>(parent[i]);
    if (root == i) {
      const bool keep = highest[i] >= peak && pixels[i] >= min_pixels;
      result.runs[i].component = keep ? result.count++ : -1;
    } else {
      result.runs[i].component = result.runs[root].component;
    }
  }
  return result;
}

}  // namespace polis
