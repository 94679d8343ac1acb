#include "kernels/background.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/clipped_sky.h"
#include "kernels/natural_spline.h"
#include "kernels/parallel.h"
#include "kernels/simd.h"

namespace polis {
namespace {

constexpr float missing = std::numeric_limits<float>::quiet_NaN();

/// First pixel of cell `i` of `cells` equal ones over `size` pixels.
std::ptrdiff_t cell_start(std::ptrdiff_t i, std::ptrdiff_t cells, std::ptrdiff_t size) {
  return i * size / cells;
}

/// Appends the usable pixels of a row; eight at a time where all of them are. Returns the new end.
float* gather_row(const float* row, const MaskPixel* mask, MaskPixel ignore, std::ptrdiff_t width,
                  float* to) {
  using namespace simd;
  std::ptrdiff_t x = 0;
  for (; x + 8 <= width; x += 8) {
    const Float8 pixels = load(row + x);
    Int8 usable = pixels - pixels == 0.0F;
    if (mask != nullptr) {
      const Int8 mask_bits = load(reinterpret_cast<const std::int32_t*>(mask) + x);
      usable &= (mask_bits & static_cast<std::int32_t>(ignore)) == 0;
    }
    const unsigned which = bits(usable);
    if (which == 0xFF) {
      store(to, pixels);
      to += 8;
      continue;
    }
    for (unsigned k = 0; k < 8; ++k) {
      *to = row[x + k];
      to += (which >> k) & 1U;
    }
  }
  for (; x < width; ++x) {
    const bool usable = row[x] - row[x] == 0.0F && (mask == nullptr || (mask[x] & ignore) == 0);
    *to = row[x];
    to += usable ? 1 : 0;
  }
  return to;
}

/// Copies the usable pixels of a cell, row after row.
void gather_cell(View<const float> pixels, View<const MaskPixel> mask, MaskPixel ignore,
                 std::vector<float>& values) {
  values.resize(static_cast<std::size_t>(pixels.size() + 8));
  float* to = values.data();
  for (std::ptrdiff_t y = 0; y < pixels.height; ++y) {
    to = gather_row(pixels.row(y), mask.empty() ? nullptr : mask.row(y), ignore, pixels.width, to);
  }
  values.resize(static_cast<std::size_t>(to - values.data()));
}

void estimate_cells(View<const float> pixels, View<const MaskPixel> mask,
                    const BackgroundSettings& settings, Background& result) {
  const std::ptrdiff_t columns = result.level.width();
  const std::ptrdiff_t rows = result.level.height();
  parallel_for(rows, [&](std::ptrdiff_t j) {
    ClippedSkyScratch scratch;
    std::vector<float> values;
    const std::ptrdiff_t y0 = cell_start(j, rows, pixels.height);
    const std::ptrdiff_t h = cell_start(j + 1, rows, pixels.height) - y0;
    for (std::ptrdiff_t i = 0; i < columns; ++i) {
      const std::ptrdiff_t x0 = cell_start(i, columns, pixels.width);
      const std::ptrdiff_t w = cell_start(i + 1, columns, pixels.width) - x0;
      gather_cell(pixels.cut(x0, y0, w, h),
                  mask.empty() ? View<const MaskPixel>() : mask.cut(x0, y0, w, h), settings.ignore,
                  values);
      const auto usable = static_cast<float>(values.size());
      if (values.empty() || usable < settings.min_valid_fraction * static_cast<float>(w * h))
        continue;
      const ClippedSky sky = clipped_sky(values, settings.clip_sigma, scratch);
      result.level(i, j) = sky.mode;
      result.rms(i, j) = sky.sigma;
    }
  });
}

/// Gives each missing cell the mean of the nearest cells that have a value (all at the same
/// distance).
void fill_missing(Plane<float>& mesh) {
  const Plane<float> known = mesh;
  for (std::ptrdiff_t j = 0; j < mesh.height(); ++j) {
    for (std::ptrdiff_t i = 0; i < mesh.width(); ++i) {
      if (!std::isnan(known(i, j))) continue;
      std::ptrdiff_t nearest = std::numeric_limits<std::ptrdiff_t>::max();
      double sum = 0.0;
      int count = 0;
      for (std::ptrdiff_t v = 0; v < mesh.height(); ++v) {
        for (std::ptrdiff_t u = 0; u < mesh.width(); ++u) {
          const std::ptrdiff_t distance = (u - i) * (u - i) + (v - j) * (v - j);
          if (std::isnan(known(u, v)) || distance > nearest) continue;
          if (distance < nearest) sum = count = 0;
          nearest = distance;
          sum += static_cast<double>(known(u, v));
          ++count;
        }
      }
      mesh(i, j) = count > 0 ? static_cast<float>(sum / count) : 0.0F;
    }
  }
}

float median_of(std::vector<float>& values) {
  const std::size_t half = values.size() / 2;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(half);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5F * (*middle + *std::max_element(values.begin(), middle));
}

/// The mesh at (u, v); beyond its border the point mirrored about the border's nearest cell, in
/// place and in value: so a slope keeps its slope there.
float mirrored(const Plane<float>& mesh, std::ptrdiff_t u, std::ptrdiff_t v) {
  const std::ptrdiff_t edge_u = std::clamp<std::ptrdiff_t>(u, 0, mesh.width() - 1);
  const std::ptrdiff_t edge_v = std::clamp<std::ptrdiff_t>(v, 0, mesh.height() - 1);
  if (edge_u == u && edge_v == v) return mesh(u, v);
  const std::ptrdiff_t inner_u = std::clamp<std::ptrdiff_t>(2 * edge_u - u, 0, mesh.width() - 1);
  const std::ptrdiff_t inner_v = std::clamp<std::ptrdiff_t>(2 * edge_v - v, 0, mesh.height() - 1);
  return 2.0F * mesh(edge_u, edge_v) - mesh(inner_u, inner_v);
}

void median_filter(Plane<float>& mesh, std::ptrdiff_t edge) {
  if (edge <= 1) return;
  const Plane<float> before = mesh;
  const std::ptrdiff_t reach = edge / 2;
  std::vector<float> window;
  for (std::ptrdiff_t j = 0; j < mesh.height(); ++j) {
    for (std::ptrdiff_t i = 0; i < mesh.width(); ++i) {
      window.clear();
      for (std::ptrdiff_t v = j - reach; v <= j + reach; ++v) {
        for (std::ptrdiff_t u = i - reach; u <= i + reach; ++u)
          window.push_back(mirrored(before, u, v));
      }
      mesh(i, j) = median_of(window);
    }
  }
}

float median_of_mesh(const Plane<float>& mesh) {
  std::vector<float> values(mesh.data(), mesh.data() + mesh.size());
  return values.empty() ? 0.0F : median_of(values);
}

Plane<float> bend_along_y(const Plane<float>& mesh) {
  Plane<float> bend(mesh.width(), mesh.height());
  std::vector<float> column(static_cast<std::size_t>(mesh.height()));
  std::vector<float> second(column.size());
  for (std::ptrdiff_t i = 0; i < mesh.width(); ++i) {
    for (std::ptrdiff_t j = 0; j < mesh.height(); ++j)
      column[static_cast<std::size_t>(j)] = mesh(i, j);
    natural_spline_bend(column, second);
    for (std::ptrdiff_t j = 0; j < mesh.height(); ++j)
      bend(i, j) = second[static_cast<std::size_t>(j)];
  }
  return bend;
}

Plane<float> bend_along_x(const Plane<float>& mesh) {
  Plane<float> bend(mesh.width(), mesh.height());
  const auto width = static_cast<std::size_t>(mesh.width());
  for (std::ptrdiff_t j = 0; j < mesh.height(); ++j) {
    natural_spline_bend({mesh.view().row(j), width}, {bend.view().row(j), width});
  }
  return bend;
}

SplineBends spline_bends(const Plane<float>& mesh) {
  SplineBends bends;
  bends.yy = bend_along_y(mesh);
  bends.xx = bend_along_x(mesh);
  bends.xxyy = bend_along_x(bends.yy);
  return bends;
}

}  // namespace

Background estimate_background(View<const float> pixels, View<const MaskPixel> mask,
                               const BackgroundSettings& settings) {
  Background result;
  result.width = pixels.width;
  result.height = pixels.height;
  if (pixels.empty()) return result;
  const std::ptrdiff_t mesh = std::max<std::ptrdiff_t>(1, settings.mesh_px);
  const std::ptrdiff_t columns = std::max<std::ptrdiff_t>(1, (pixels.width + mesh / 2) / mesh);
  const std::ptrdiff_t rows = std::max<std::ptrdiff_t>(1, (pixels.height + mesh / 2) / mesh);
  result.cell_width_px = static_cast<double>(pixels.width) / static_cast<double>(columns);
  result.cell_height_px = static_cast<double>(pixels.height) / static_cast<double>(rows);
  result.level = Plane<float>(columns, rows, missing);
  result.rms = Plane<float>(columns, rows, missing);
  estimate_cells(pixels, mask, settings, result);
  for (Plane<float>* plane : {&result.level, &result.rms}) {
    fill_missing(*plane);
    median_filter(*plane, settings.filter_meshes);
  }
  for (std::ptrdiff_t i = 0; i < result.rms.size(); ++i) {
    result.rms.data()[i] = std::max(0.0F, result.rms.data()[i]);
  }
  result.level_bends = spline_bends(result.level);
  result.rms_bends = spline_bends(result.rms);
  result.global_level = median_of_mesh(result.level);
  result.global_rms = median_of_mesh(result.rms);
  return result;
}

void subtract_background(const Background& background, View<float> pixels) {
  constexpr std::ptrdiff_t rows_per_band = 64;
  parallel_bands(pixels.height, rows_per_band, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    std::vector<float> level(static_cast<std::size_t>(pixels.width));
    for (std::ptrdiff_t y = first; y < last; ++y) {
      background_level_row(background, y, level.data());
      float* row = pixels.row(y);
      for (std::ptrdiff_t x = 0; x < pixels.width; ++x)
        row[x] -= level[static_cast<std::size_t>(x)];
    }
  });
}

}  // namespace polis
