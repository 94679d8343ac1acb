#include "sky/pixel_grid.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace polis {
namespace {

constexpr double kArcsec = std::numbers::pi / 180.0 / 3600.0;
constexpr int kPointsPerEdge = 16;

/// Extent of the frames in standard coordinates about a centre. [arcsec]
struct Extent {
  double xi_low = INFINITY, xi_high = -INFINITY, eta_low = INFINITY, eta_high = -INFINITY;
  void add(std::array<double, 2> p) {
    if (!std::isfinite(p[0]) || !std::isfinite(p[1])) return;
    xi_low = std::min(xi_low, p[0] / kArcsec);
    xi_high = std::max(xi_high, p[0] / kArcsec);
    eta_low = std::min(eta_low, p[1] / kArcsec);
    eta_high = std::max(eta_high, p[1] / kArcsec);
  }
};

template <class Visit>
void along_edges(const PixelGrid& frame, Visit&& visit) {
  const double right = frame.width - 0.5, top = frame.height - 0.5;
  for (int k = 0; k <= kPointsPerEdge; ++k) {
    const double t = static_cast<double>(k) / kPointsPerEdge;
    const double x = -0.5 + t * frame.width, y = -0.5 + t * frame.height;
    for (const PixelPosition p : {PixelPosition{x, -0.5}, {x, top}, {-0.5, y}, {right, y}})
      visit(frame.wcs.to_sky(p));
  }
}

Extent extent_of(std::span<const PixelGrid> frames, SkyPosition centre) {
  Extent extent;
  for (const PixelGrid& frame : frames)
    along_edges(frame, [&](SkyPosition p) { extent.add(project_tan(centre, p)); });
  return extent;
}

}  // namespace

PixelMap map_pixels(const PixelGrid& to, const Wcs& from, std::ptrdiff_t step) {
  PixelMap map(to.width, to.height, step);
  map.fill([&](double x, double y) { return from.to_pixel(to.wcs.to_sky({x, y})); });
  return map;
}

PixelGrid covering_grid(std::span<const PixelGrid> frames, double scale_arcsec, int most_pixels) {
  PixelGrid grid;
  if (frames.empty() || !(scale_arcsec > 0.0)) return grid;
  const PixelGrid& first = frames.front();
  const SkyPosition start = first.wcs.to_sky({0.5 * first.width - 0.5, 0.5 * first.height - 0.5});
  // The middle of the extent becomes the centre, then the extent is taken about it.
  const Extent rough = extent_of(frames, start);
  grid.wcs.reference = unproject_tan(start, {0.5 * (rough.xi_low + rough.xi_high) * kArcsec,
                                             0.5 * (rough.eta_low + rough.eta_high) * kArcsec});
  const Extent extent = extent_of(frames, grid.wcs.reference);
  const auto pixels = [&](double low, double high) {
    const double half = std::max(-low, high) / scale_arcsec;
    return std::clamp(static_cast<int>(std::ceil(2.0 * half)) + 2, 1, most_pixels);
  };
  grid.width = pixels(extent.xi_low, extent.xi_high);
  grid.height = pixels(extent.eta_low, extent.eta_high);
  grid.wcs.valid = true;
  grid.wcs.reference_pixel = {0.5 * grid.width - 0.5, 0.5 * grid.height - 0.5};
  grid.wcs.cd = {-scale_arcsec / 3600.0, 0.0, 0.0, scale_arcsec / 3600.0};
  return grid;
}

}  // namespace polis
