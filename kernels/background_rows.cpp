#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/background.h"
#include "kernels/natural_spline.h"

namespace polis {
namespace {

/// A cubic in the distance from a knot: constant, linear, quadratic and cubic terms, in cells.
struct Cubic {
  float c0, c1, c2, c3;
};

void evaluate(const Cubic& cubic, double start, double step, std::ptrdiff_t count, float* out) {
  const auto from = static_cast<float>(start);
  const auto by = static_cast<float>(step);
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const float u = from + by * static_cast<float>(static_cast<int>(i));
    out[i] = cubic.c0 + u * (cubic.c1 + u * (cubic.c2 + u * cubic.c3));
  }
}

/// A row of the image through the mesh: which mesh rows, and where between them.
struct Crossing {
  SplinePlace place;
  std::ptrdiff_t low, high;
};

Crossing cross(const Background& background, double y_px) {
  const auto rows = static_cast<std::size_t>(background.level.height());
  const SplinePlace place = spline_place((y_px + 0.5) / background.cell_height_px - 0.5, rows);
  return {place, static_cast<std::ptrdiff_t>(place.low), static_cast<std::ptrdiff_t>(place.high)};
}

/// The spline along y at mesh column `i`.
float along_y(const Plane<float>& values, const Plane<float>& bends, std::ptrdiff_t i,
              const Crossing& at) {
  return spline_value(values(i, at.low), values(i, at.high), bends(i, at.low), bends(i, at.high),
                      at.place.part);
}

/// Values and second derivatives along x at the mesh columns. That the spline along x of the
/// splines along y has these bends is why no equations are solved here.
struct MeshRow {
  std::vector<float> value;
  std::vector<float> bend;
};

MeshRow mesh_row(const Background& background, const Plane<float>& mesh, const SplineBends& bends,
                 double y_px) {
  const Crossing at = cross(background, y_px);
  MeshRow row;
  for (std::ptrdiff_t i = 0; i < mesh.width(); ++i) {
    row.value.push_back(along_y(mesh, bends.yy, i, at));
    row.bend.push_back(along_y(bends.xx, bends.xxyy, i, at));
  }
  return row;
}

void evaluate_row(const Background& background, const Plane<float>& mesh, const SplineBends& bends,
                  std::ptrdiff_t y, float* out) {
  const std::ptrdiff_t width = background.width;
  const MeshRow row = mesh_row(background, mesh, bends, static_cast<double>(y));
  const std::size_t knots = row.value.size();
  if (knots < 2) {
    std::fill(out, out + width, row.value[0]);
    return;
  }
  const double step = 1.0 / background.cell_width_px;
  std::ptrdiff_t x = 0;
  // Before the first centre and after the last one the spline goes on as a straight line.
  for (std::size_t k = 0; k <= knots; ++k) {
    const std::size_t knot = k == 0 ? 0 : k - 1;
    const double centre = background.centre_x_px(static_cast<std::ptrdiff_t>(knot));
    const double end = background.centre_x_px(static_cast<std::ptrdiff_t>(k));
    const std::ptrdiff_t last =
        k == knots
            ? width
            : std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(std::ceil(end)), x, width);
    const std::size_t low = std::min(knot, knots - 2);
    const float rise = row.value[low + 1] - row.value[low];
    Cubic cubic{};
    if (k == 0) {
      cubic = {row.value[0], rise - row.bend[1] / 6.0F, 0.0F, 0.0F};
    } else if (k == knots) {
      cubic = {row.value[knot], rise + row.bend[knots - 2] / 6.0F, 0.0F, 0.0F};
    } else {
      cubic = {row.value[knot], rise - (2.0F * row.bend[knot] + row.bend[knot + 1]) / 6.0F,
               row.bend[knot] / 2.0F, (row.bend[knot + 1] - row.bend[knot]) / 6.0F};
    }
    evaluate(cubic, (static_cast<double>(x) - centre) * step, step, last - x, out + x);
    x = last;
  }
}

float value_at(const Background& background, const Plane<float>& mesh, const SplineBends& bends,
               double x_px, double y_px) {
  if (mesh.empty()) return 0.0F;
  const double x = std::clamp(x_px, 0.0, static_cast<double>(background.width - 1));
  const double y = std::clamp(y_px, 0.0, static_cast<double>(background.height - 1));
  const Crossing at = cross(background, y);
  const SplinePlace place = spline_place((x + 0.5) / background.cell_width_px - 0.5,
                                         static_cast<std::size_t>(mesh.width()));
  const auto low = static_cast<std::ptrdiff_t>(place.low);
  const auto high = static_cast<std::ptrdiff_t>(place.high);
  return spline_value(along_y(mesh, bends.yy, low, at), along_y(mesh, bends.yy, high, at),
                      along_y(bends.xx, bends.xxyy, low, at),
                      along_y(bends.xx, bends.xxyy, high, at), place.part);
}

}  // namespace

void background_level_row(const Background& background, std::ptrdiff_t y, float* out) {
  evaluate_row(background, background.level, background.level_bends, y, out);
}

void background_rms_row(const Background& background, std::ptrdiff_t y, float* out) {
  evaluate_row(background, background.rms, background.rms_bends, y, out);
  for (std::ptrdiff_t x = 0; x < background.width; ++x) out[x] = out[x] > 0.0F ? out[x] : 0.0F;
}

float background_level_at(const Background& background, double x_px, double y_px) {
  return value_at(background, background.level, background.level_bends, x_px, y_px);
}

float background_rms_at(const Background& background, double x_px, double y_px) {
  return std::max(0.0F, value_at(background, background.rms, background.rms_bends, x_px, y_px));
}

}  // namespace polis
