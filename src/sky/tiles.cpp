#include "sky/tiles.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <set>

namespace polis {
namespace {

constexpr double kRadian = std::numbers::pi / 180.0;

double wrap_ra(double ra_deg) {
  const double ra = std::fmod(ra_deg, 360.0);
  return ra < 0.0 ? ra + 360.0 : ra;
}

}  // namespace

SkyGrid::SkyGrid(double tile_deg, double pixel_scale_arcsec, double overlap_arcsec)
    : scale_arcsec_(std::max(pixel_scale_arcsec, 1e-3)) {
  rings_ = static_cast<int>(std::ceil(180.0 / std::clamp(tile_deg, 0.05, 30.0)));
  ring_deg_ = 180.0 / rings_;
  double reach_arcsec = 0.0;
  for (int ring = 0; ring < rings_; ++ring) reach_arcsec = std::max(reach_arcsec, reach(ring));
  size_ = 2 * static_cast<int>(
                  std::ceil((reach_arcsec + std::max(overlap_arcsec, 0.0)) / scale_arcsec_)) +
          1;
}

double SkyGrid::reach(int ring) const {
  const SkyPosition middle = centre({ring, 0});
  const double half_width = 180.0 / columns(ring);
  double farthest = 0.0;
  // Parallels are curved in the projection: their ends and their middle are the extremes.
  for (const double side : {-0.5, 0.5}) {
    for (const double ra : {middle.ra_deg, middle.ra_deg + half_width}) {
      const auto [xi, eta] = project_tan(middle, {ra, middle.dec_deg + side * ring_deg_});
      farthest = std::max({farthest, std::abs(xi), std::abs(eta)});
    }
  }
  return farthest / kRadian * 3600.0;
}

int SkyGrid::columns(int ring) const {
  // The widest circle of the ring is the one nearest to the equator.
  const double south = -90.0 + ring * ring_deg_;
  const double north = south + ring_deg_;
  const double nearest =
      south <= 0.0 && north >= 0.0 ? 0.0 : std::min(std::abs(south), std::abs(north));
  const double circle_deg = 360.0 * std::cos(nearest * kRadian);
  return std::max(1, static_cast<int>(std::ceil(circle_deg / ring_deg_ - 1e-9)));
}

TileId SkyGrid::tile_at(SkyPosition sky) const {
  const int ring =
      std::clamp(static_cast<int>(std::floor((sky.dec_deg + 90.0) / ring_deg_)), 0, rings_ - 1);
  const int count = columns(ring);
  const int column = static_cast<int>(std::floor(wrap_ra(sky.ra_deg) / 360.0 * count));
  return {ring, std::clamp(column, 0, count - 1)};
}

SkyPosition SkyGrid::centre(TileId tile) const {
  return {(tile.column + 0.5) * 360.0 / columns(tile.ring), -90.0 + (tile.ring + 0.5) * ring_deg_};
}

Wcs SkyGrid::wcs(TileId tile) const {
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = centre(tile);
  wcs.reference_pixel = {0.5 * (size_ - 1), 0.5 * (size_ - 1)};
  const double scale_deg = scale_arcsec_ / 3600.0;
  wcs.cd = {-scale_deg, 0.0, 0.0, scale_deg};
  return wcs;
}

std::vector<TileId> SkyGrid::covering(const Wcs& wcs, int width, int height) const {
  if (!wcs.valid || width <= 0 || height <= 0) return {};
  // Sample the frame finely against the ring height, then keep every tile whose image, overlap
  // included, holds a sample: neighbours of the cells hit are enough candidates.
  const double step_px =
      std::max(1.0, 0.125 * ring_deg_ * 3600.0 / std::max(wcs.pixel_scale_arcsec(), 1e-3));
  const int nx = 1 + static_cast<int>(std::ceil(width / step_px));
  const int ny = 1 + static_cast<int>(std::ceil(height / step_px));
  std::set<TileId> found;
  for (int j = 0; j <= ny; ++j) {
    for (int i = 0; i <= nx; ++i) {
      const SkyPosition sky = wcs.to_sky({-0.5 + width * (static_cast<double>(i) / nx),
                                          -0.5 + height * (static_cast<double>(j) / ny)});
      const TileId home = tile_at(sky);
      for (int ring = std::max(0, home.ring - 1); ring <= std::min(rings_ - 1, home.ring + 1);
           ++ring) {
        const int count = columns(ring);
        const int middle = tile_at({sky.ra_deg, centre({ring, 0}).dec_deg}).column;
        for (int d = -std::min(2, (count - 1) / 2); d <= std::min(2, count / 2); ++d) {
          const TileId tile{ring, ((middle + d) % count + count) % count};
          if (found.contains(tile)) continue;
          const PixelPosition p = this->wcs(tile).to_pixel(sky);
          if (tile == home ||
              (p.x >= -0.5 && p.y >= -0.5 && p.x <= size_ - 0.5 && p.y <= size_ - 0.5))
            found.insert(tile);
        }
      }
    }
  }
  return {found.begin(), found.end()};
}

std::string name_of(TileId tile) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "r%04dc%04d", tile.ring, tile.column);
  return text.data();
}

std::optional<TileId> tile_from(std::string_view name) {
  const std::size_t split = name.find('c');
  if (name.empty() || name.front() != 'r' || split == std::string_view::npos) return std::nullopt;
  TileId tile;
  const char* const end = name.data() + name.size();
  const auto [ring_end, ring_status] =
      std::from_chars(name.data() + 1, name.data() + split, tile.ring);
  const auto [column_end, column_status] =
      std::from_chars(name.data() + split + 1, end, tile.column);
  if (ring_status != std::errc{} || column_status != std::errc{} ||
      ring_end != name.data() + split || column_end != end || name_of(tile) != name) {
    return std::nullopt;
  }
  return tile;
}

}  // namespace polis
