#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sky/wcs.h"

namespace polis {

/// A cell of the sky grid: ring 0 touches the south pole, column 0 begins at right ascension 0.
struct TileId {
  int ring = 0;
  int column = 0;
  auto operator<=>(const TileId&) const = default;
};

/// The fixed grid on which frames are fused. Rings of equal height in declination, each cut into
/// columns of equal width in right ascension, as many as keep a column no wider than the ring is
/// high; every sky position belongs to exactly one tile. The image of a tile is a TAN projection
/// about its centre, north up, east to the left, large enough to hold the cell and `overlap_arcsec`
/// on each side.
class SkyGrid {
 public:
  /// Sizes are brought into a sane range: rings of 0.05 to 30 deg, pixels of at least 1 mas.
  SkyGrid(double tile_deg, double pixel_scale_arcsec, double overlap_arcsec = 60.0);

  int rings() const { return rings_; }
  int columns(int ring) const;
  TileId tile_at(SkyPosition sky) const;
  SkyPosition centre(TileId tile) const;
  bool contains(TileId tile, SkyPosition sky) const { return tile_at(sky) == tile; }
  /// Width = height of every tile's image. [px]
  int image_size() const { return size_; }
  Wcs wcs(TileId tile) const;
  double pixel_scale_arcsec() const { return scale_arcsec_; }

  /// Tiles whose image shares sky with a frame of width x height pixels, in order; empty without a
  /// WCS.
  std::vector<TileId> covering(const Wcs& wcs, int width, int height) const;

 private:
  /// Largest coordinate that a cell of this ring reaches in its own projection. [arcsec]
  double reach(int ring) const;
  double ring_deg_ = 1.0;
  double scale_arcsec_ = 1.0;
  int rings_ = 180;
  int size_ = 0;
};

/// "r0123c0456", and back. Nothing for other text.
std::string name_of(TileId tile);
std::optional<TileId> tile_from(std::string_view name);

}  // namespace polis
