#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/psf_photometry.h"

namespace polis {

/// Stars by square tiles, coloured like a chess board of four colours: what stars of one tile touch
/// (up to half a tile away) no other tile of that colour touches, so tiles of one colour may be
/// worked on at the same time.
struct StarTiles {
  /// Per colour, the tiles that hold stars; each a list of star numbers, brightest first.
  std::vector<std::vector<std::vector<std::int32_t>>> colours;
};
StarTiles tile_stars(const std::vector<StarFit>& stars, double tile_px);

/// Numbers of the stars within `radius_px` of each star, nearest first.
struct StarNeighbours {
  std::vector<std::int64_t> start;  ///< stars + 1
  std::vector<std::int32_t> number;
  std::span<const std::int32_t> of(std::size_t star) const {
    return {number.data() + start[star], number.data() + start[star + 1]};
  }
};
StarNeighbours find_star_neighbours(const std::vector<StarFit>& stars, double radius_px);

}  // namespace polis
