#include "kernels/star_groups.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace polis {
namespace {

bool placed(const StarFit& star) { return std::isfinite(star.x) && std::isfinite(star.y); }

using Cell = std::pair<std::int64_t, std::int64_t>;  // (row, column)

Cell cell_of(const StarFit& star, double edge) {
  return {static_cast<std::int64_t>(std::floor(star.y / edge)),
          static_cast<std::int64_t>(std::floor(star.x / edge))};
}

/// (cell, star) in order of cell, then star.
std::vector<std::pair<Cell, std::int32_t>> by_cell(const std::vector<StarFit>& stars, double edge) {
  std::vector<std::pair<Cell, std::int32_t>> out;
  out.reserve(stars.size());
  for (std::size_t k = 0; k < stars.size(); ++k)
    if (placed(stars[k])) out.emplace_back(cell_of(stars[k], edge), static_cast<std::int32_t>(k));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

StarTiles tile_stars(const std::vector<StarFit>& stars, double tile_px) {
  StarTiles tiles;
  tiles.colours.resize(4);
  const auto sorted = by_cell(stars, tile_px);
  for (std::size_t first = 0; first < sorted.size();) {
    const Cell cell = sorted[first].first;
    std::vector<std::int32_t> members;
    for (; first < sorted.size() && sorted[first].first == cell; ++first)
      members.push_back(sorted[first].second);
    std::stable_sort(members.begin(), members.end(), [&](std::int32_t a, std::int32_t b) {
      return stars[static_cast<std::size_t>(a)].flux > stars[static_cast<std::size_t>(b)].flux;
    });
    const auto colour = static_cast<std::size_t>((cell.first & 1) * 2 + (cell.second & 1));
    tiles.colours[colour].push_back(std::move(members));
  }
  return tiles;
}

StarNeighbours find_star_neighbours(const std::vector<StarFit>& stars, double radius_px) {
  const double radius = std::max(radius_px, 1.0);
  const auto sorted = by_cell(stars, radius);
  StarNeighbours out;
  out.start.assign(1, 0);
  std::vector<std::pair<double, std::int32_t>> near;
  for (std::size_t k = 0; k < stars.size(); ++k) {
    near.clear();
    if (placed(stars[k])) {
      const Cell cell = cell_of(stars[k], radius);
      for (std::int64_t row = cell.first - 1; row <= cell.first + 1; ++row) {
        // The three cells of a row lie together.
        const std::pair<Cell, std::int32_t> from{{row, cell.second - 1}, 0};
        auto at = std::lower_bound(sorted.begin(), sorted.end(), from);
        for (; at != sorted.end() && at->first <= Cell{row, cell.second + 1}; ++at) {
          const StarFit& other = stars[static_cast<std::size_t>(at->second)];
          const double d = std::hypot(other.x - stars[k].x, other.y - stars[k].y);
          if (d < radius && at->second != static_cast<std::int32_t>(k))
            near.emplace_back(d, at->second);
        }
      }
    }
    std::sort(near.begin(), near.end());
    for (const auto& [distance, number] : near) out.number.push_back(number);
    out.start.push_back(static_cast<std::int64_t>(out.number.size()));
  }
  return out;
}

}  // namespace polis
