#include "sky/tiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace polis {
namespace {

TEST(SkyGrid, EveryPositionLiesInsideTheImageOfItsOneTile) {
  for (const double size_deg : {0.3, 1.0, 7.0, 30.0}) {
    const SkyGrid grid(size_deg, 2.0);
    RandomStream stream(2, "sky");
    for (int i = 0; i < 3000; ++i) {
      const SkyPosition sky{stream.uniform(0.0, 360.0),
                            std::asin(stream.uniform(-1.0, 1.0)) * 57.29577951308232};
      const PixelPosition p = grid.wcs(grid.tile_at(sky)).to_pixel(sky);
      const double border = 60.0 / 2.0 - 1.0;  // the overlap is free on all sides
      EXPECT_TRUE(p.x > border && p.y > border && p.x < grid.image_size() - border &&
                  p.y < grid.image_size() - border)
          << size_deg << " deg: " << sky.ra_deg << " " << sky.dec_deg << " -> " << p.x << " "
          << p.y;
    }
  }
}

TEST(SkyGrid, CentreBelongsToItsTileAndNamesGoRoundTrip) {
  const SkyGrid grid(1.5, 1.0);
  for (int ring = 0; ring < grid.rings(); ring += 7) {
    for (int column = 0; column < grid.columns(ring); column += 11) {
      const TileId tile{ring, column};
      EXPECT_EQ(grid.tile_at(grid.centre(tile)), tile);
      EXPECT_EQ(tile_from(name_of(tile)), tile);
    }
  }
  for (const char* bad : {"", "r", "r1c1", "r0001c", "c0001r0002", "r0001c0002x", "r00x1c0002"}) {
    EXPECT_FALSE(tile_from(bad).has_value()) << bad;
  }
}

TEST(SkyGrid, PolesAndTheZeroMeridianHaveTiles) {
  const SkyGrid grid(1.0, 1.0);
  EXPECT_EQ(grid.tile_at({123.0, 90.0}).ring, grid.rings() - 1);
  EXPECT_EQ(grid.tile_at({123.0, -90.0}).ring, 0);
  EXPECT_EQ(grid.tile_at({360.0, 10.0}), grid.tile_at({0.0, 10.0}));
  EXPECT_EQ(grid.tile_at({-0.001, 10.0}), grid.tile_at({359.999, 10.0}));
}

TEST(SkyGrid, CoveringNamesTheTileOfEveryPixel) {
  const SkyGrid grid(0.5, 2.0);
  RandomStream stream(3, "frames");
  for (int i = 0; i < 40; ++i) {
    Wcs wcs;
    wcs.valid = true;
    wcs.reference = {stream.uniform(0.0, 360.0), stream.uniform(-89.9, 89.9)};
    wcs.reference_pixel = {500.0, 400.0};
    const double turn = stream.uniform(0.0, 6.28);
    const double scale = 3.0 / 3600.0;
    wcs.cd = {-scale * std::cos(turn), scale * std::sin(turn), scale * std::sin(turn),
              scale * std::cos(turn)};
    const std::vector<TileId> tiles = grid.covering(wcs, 1000, 800);
    EXPECT_TRUE(std::is_sorted(tiles.begin(), tiles.end()));
    for (int k = 0; k < 500; ++k) {
      const SkyPosition sky = wcs.to_sky({stream.uniform(0.0, 999.0), stream.uniform(0.0, 799.0)});
      EXPECT_TRUE(std::binary_search(tiles.begin(), tiles.end(), grid.tile_at(sky)))
          << wcs.reference.dec_deg;
    }
  }
  EXPECT_TRUE(grid.covering(Wcs{}, 100, 100).empty());
}

}  // namespace
}  // namespace polis
