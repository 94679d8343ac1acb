#include "sky/pixel_grid.h"

#include <gtest/gtest.h>

#include <cmath>

namespace polis {
namespace {

PixelGrid turned(double ra, double dec, double angle_deg, double scale_arcsec, int width,
                 int height) {
  PixelGrid grid;
  grid.wcs.valid = true;
  grid.wcs.reference = {ra, dec};
  grid.wcs.reference_pixel = {0.5 * width - 0.5, 0.5 * height - 0.5};
  const double c = std::cos(angle_deg * M_PI / 180.0) * scale_arcsec / 3600.0;
  const double s = std::sin(angle_deg * M_PI / 180.0) * scale_arcsec / 3600.0;
  grid.wcs.cd = {-c, s, s, c};
  grid.width = width;
  grid.height = height;
  return grid;
}

TEST(CoveringGrid, CoversFramesThatAreTurnedAndShifted) {
  const std::vector<PixelGrid> frames{turned(133.4, 8.6, 20.0, 1.0, 480, 400),
                                      turned(133.42, 8.61, -110.0, 1.0, 480, 400)};
  const PixelGrid grid = covering_grid(frames, 1.0, 4000);
  ASSERT_TRUE(grid.wcs.valid);
  EXPECT_LT(grid.width, 720);
  EXPECT_NEAR(grid.wcs.pixel_scale_arcsec(), 1.0, 1e-9);
  for (const PixelGrid& frame : frames) {
    for (const PixelPosition corner : {PixelPosition{0, 0}, {479, 0}, {0, 399}, {479, 399}}) {
      const PixelPosition p = grid.wcs.to_pixel(frame.wcs.to_sky(corner));
      EXPECT_GT(p.x, -0.5);
      EXPECT_GT(p.y, -0.5);
      EXPECT_LT(p.x, grid.width - 0.5);
      EXPECT_LT(p.y, grid.height - 0.5);
    }
  }
  // North is up, east to the left.
  const SkyPosition centre = grid.wcs.reference;
  EXPECT_GT(grid.wcs.to_pixel({centre.ra_deg, centre.dec_deg + 0.01}).y,
            grid.wcs.reference_pixel.y);
  EXPECT_LT(grid.wcs.to_pixel({centre.ra_deg + 0.01, centre.dec_deg}).x,
            grid.wcs.reference_pixel.x);
}

TEST(CoveringGrid, IsNeverLargerThanAllowed) {
  const std::vector<PixelGrid> frames{turned(10.0, 0.0, 0.0, 1.0, 400, 400),
                                      turned(60.0, 0.0, 0.0, 1.0, 400, 400)};
  EXPECT_EQ(covering_grid(frames, 1.0, 1000).width, 1000);
  EXPECT_FALSE(covering_grid({}, 1.0, 1000).wcs.valid);
}

TEST(CoveringGrid, MapsPixelsThroughTheSky) {
  const PixelGrid from = turned(10.0, 60.0, 33.0, 0.8, 500, 500);
  const PixelGrid to = turned(10.01, 60.003, -5.0, 1.1, 300, 300);
  const PixelMap map = map_pixels(to, from.wcs, 16);
  const PixelPosition direct = from.wcs.to_pixel(to.wcs.to_sky({160.0, 32.0}));
  EXPECT_NEAR(map.x(10, 2), direct.x, 1e-9);
  EXPECT_NEAR(map.y(10, 2), direct.y, 1e-9);
  const PixelPosition between = from.wcs.to_pixel(to.wcs.to_sky({168.0, 40.0}));
  EXPECT_NEAR(0.25 * (map.x(10, 2) + map.x(11, 2) + map.x(10, 3) + map.x(11, 3)), between.x, 1e-3);
}

TEST(CoveringGrid, TheFarSideIsNowhere) {
  const PixelMap map =
      map_pixels(turned(190.0, -60.0, 0.0, 1.0, 20, 20), turned(10.0, 60.0, 0.0, 1.0, 20, 20).wcs);
  EXPECT_TRUE(std::isnan(map.x(0, 0)));
}

}  // namespace
}  // namespace polis
