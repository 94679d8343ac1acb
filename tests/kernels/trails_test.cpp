#include "kernels/trails.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/fits_file_helpers.h"
#include "kernels/line_sums.h"
#include "kernels/parallel.h"
#include "kernels/robust.h"
#include "kernels/scene_helpers.h"
#include "kernels/snr_bins.h"

namespace polis {
namespace {

using test::Scene;

struct Found {
  std::vector<Trail> trails;
  Plane<MaskPixel> mask;
};

/// Exposes the scene with a full well of 60,000 electrons and looks for trails.
Found find(Scene& s) {
  test::expose(s);
  Found found{{}, Plane<MaskPixel>(s.width(), s.height())};
  for (std::ptrdiff_t i = 0; i < s.image.size(); ++i) {
    if (s.image.data()[i] < 60000.0F) continue;
    s.image.data()[i] = 60000.0F;
    found.mask.data()[i] = mask_bits::saturated;
  }
  found.trails = find_trails(s.image.view(), s.variance.view(), {}, found.mask.view());
  return found;
}

/// Share of the trail's pixels above 2 sigma of the sky that are masked.
double coverage(const Scene& s, const Plane<MaskPixel>& mask) {
  const double sigma = std::sqrt(s.sky_e + s.read_noise_e * s.read_noise_e);
  int all = 0;
  int covered = 0;
  for (std::ptrdiff_t i = 0; i < mask.size(); ++i) {
    if (static_cast<double>(s.trails.data()[i]) <= 2.0 * sigma) continue;
    ++all;
    covered += (mask.data()[i] & mask_bits::trail) != 0 ? 1 : 0;
  }
  return static_cast<double>(covered) / all;
}

std::ptrdiff_t masked(const Plane<MaskPixel>& mask) {
  return std::count_if(mask.data(), mask.data() + mask.size(),
                       [](MaskPixel m) { return (m & mask_bits::trail) != 0; });
}

TEST(LineSums, EqualAddingAlongTheLine) {
  // A line in each octant must come out first, with its ends.
  for (const auto& [dx, dy] :
       {std::pair{100, 30}, {100, -30}, {30, 100}, {-30, 100}, {100, 0}, {0, 100}}) {
    Plane<float> image(128, 128);
    const int steps = 100;
    for (int k = 0; k <= steps; ++k) {
      image(64 + (k - 50) * dx / 100, 64 + (k - 50) * dy / 100) = 3.0F;
    }
    RandomStream stream(51, "noise");
    for (std::ptrdiff_t i = 0; i < image.size(); ++i)
      image.data()[i] += static_cast<float>(stream.normal());
    const auto segments = brightest_segments(image.view(), {});
    ASSERT_FALSE(segments.empty()) << dx << " " << dy;
    const LineSegment& s = segments.front();
    const double length = std::hypot(s.x1 - s.x0, s.y1 - s.y0);
    const double away =
        std::abs((64.0 - s.x0) * (s.y1 - s.y0) - (64.0 - s.y0) * (s.x1 - s.x0)) / length;
    const double cosine =
        std::abs((s.x1 - s.x0) * dx + (s.y1 - s.y0) * dy) / (length * std::hypot(dx, dy));
    EXPECT_LT(away, 1.5) << dx << " " << dy;
    EXPECT_GT(cosine, 0.9995) << dx << " " << dy;
  }
}

TEST(LineSums, NoiseHasNoBrightSegments) {
  Plane<float> image(256, 200);
  RandomStream stream(53, "noise");
  for (std::ptrdiff_t i = 0; i < image.size(); ++i)
    image.data()[i] = static_cast<float>(stream.normal());
  EXPECT_TRUE(brightest_segments(image.view(), {}).empty());
}

TEST(SnrBins, HaveZeroMeanAndUnitVarianceOnASlopingSky) {
  Scene s(600, 400, 201);
  test::expose(s);
  for (std::ptrdiff_t y = 0; y < 400; ++y) {
    for (std::ptrdiff_t x = 0; x < 600; ++x) s.image(x, y) += 0.2F * static_cast<float>(x);
  }
  const Plane<MaskPixel> mask(600, 400);
  const SnrBins bins = bin_snr(s.image.view(), s.variance.view(), mask.view(), 2);
  double sum = 0.0;
  double squares = 0.0;
  for (std::ptrdiff_t i = 0; i < bins.snr.size(); ++i) {
    sum += static_cast<double>(bins.snr.data()[i]);
    squares += std::pow(static_cast<double>(bins.snr.data()[i]), 2);
  }
  const double n = static_cast<double>(bins.snr.size());
  EXPECT_NEAR(sum / n, 0.0, 0.05);
  EXPECT_NEAR(squares / n, 1.0, 0.15);
}

TEST(Trails, AreMaskedWhereTheyShow) {
  struct Case {
    double x0, y0, x1, y1, charge, fwhm;
    int stars;
  };
  const std::vector<Case> cases{{-20, 100, 700, 500, 400, 3.0, 200},
                                {300, -20, 350, 700, 300, 3.0, 200},
                                {150, 120, 480, 400, 500, 4.0, 200},
                                {0, 500, 700, 480, 1500, 10.0, 200},
                                {-20, 600, 660, 30, 600, 3.0, 4000}};
  std::uint64_t seed = 211;
  for (const Case& c : cases) {
    Scene s(640, 640, seed++);
    test::add_stars(s, c.stars, 300.0, 3e5, 3.0);
    test::add_trail(s, c.x0, c.y0, c.x1, c.y1, c.charge, c.fwhm);
    const Found found = find(s);
    EXPECT_EQ(found.trails.size(), 1U) << seed;
    EXPECT_GE(coverage(s, found.mask), 0.95) << seed;
    // No more than a band of 8 widths along it.
    EXPECT_LE(static_cast<double>(masked(found.mask)), 8.0 * c.fwhm * 960.0) << seed;
  }
}

TEST(Trails, TwoThatCrossAreBothFound) {
  Scene s(640, 640, 221);
  test::add_stars(s, 200, 300.0, 3e5, 3.0);
  test::add_trail(s, -20, 100, 700, 500, 500, 3.0);
  test::add_trail(s, -20, 560, 700, 200, 400, 4.0);
  const Found found = find(s);
  EXPECT_EQ(found.trails.size(), 2U);
  EXPECT_GE(coverage(s, found.mask), 0.95);
}

TEST(Trails, NoneInCrowdedOrNebulousFrames) {
  for (std::uint64_t seed = 231; seed < 233; ++seed) {
    Scene crowded(640, 640, seed);
    test::add_stars(crowded, 8000, 200.0, 1e6, 2.5);
    EXPECT_TRUE(find(crowded).trails.empty()) << seed;
    Scene nebula(640, 640, seed);
    test::add_stars(nebula, 300, 300.0, 3e5, 3.0);
    RandomStream stream(seed, "nebula");
    for (int k = 0; k < 25; ++k) {
      // Filaments that bend, and blobs.
      double x = stream.uniform(0.0, 640.0);
      double y = stream.uniform(0.0, 640.0);
      double angle = stream.uniform(0.0, 6.28);
      for (int step = 0; step < 15; ++step) {
        test::add_star(nebula, x, y, 20000.0, 10.0);
        x += 6.0 * std::cos(angle);
        y += 6.0 * std::sin(angle);
        angle += 0.25 * stream.normal();
      }
    }
    EXPECT_TRUE(find(nebula).trails.empty()) << seed;
  }
}

TEST(Trails, DiffractionSpikesAndBleedsAreNone) {
  Scene s(640, 640, 241);
  test::add_stars(s, 200, 300.0, 3e5, 3.0);
  test::add_star(s, 320.0, 300.0, 3e7, 3.0);
  // Four arms whose brightness falls with the square of the distance.
  for (std::ptrdiff_t y = 0; y < 640; ++y) {
    for (std::ptrdiff_t x = 0; x < 640; ++x) {
      const double u =
          (static_cast<double>(x) - 320.0 + static_cast<double>(y) - 300.0) / std::sqrt(2.0);
      const double v =
          (static_cast<double>(x) - 320.0 - static_cast<double>(y) + 300.0) / std::sqrt(2.0);
      const double across = std::min(std::abs(u), std::abs(v));
      const double along = std::max(std::abs(u), std::abs(v));
      s.stars(x, y) += static_cast<float>(4e6 / (100.0 + along * along) *
                                          std::exp(-0.5 * across * across / 2.0));
    }
  }
  for (std::ptrdiff_t y = 100; y < 520; ++y) {
    for (std::ptrdiff_t x = 319; x < 322; ++x) s.stars(x, y) += 70000.0F;
  }
  EXPECT_TRUE(find(s).trails.empty());
}

TEST(Trails, AGalaxySeenFromItsEdgeIsNone) {
  Scene s(640, 640, 251);
  test::add_stars(s, 200, 300.0, 3e5, 3.0);
  for (std::ptrdiff_t y = 0; y < 640; ++y) {
    for (std::ptrdiff_t x = 0; x < 640; ++x) {
      const double along =
          std::abs(0.8 * static_cast<double>(x - 320) + 0.6 * static_cast<double>(y - 300));
      const double across =
          std::abs(0.6 * static_cast<double>(x - 320) - 0.8 * static_cast<double>(y - 300));
      s.stars(x, y) += static_cast<float>(3000.0 * std::exp(-along / 40.0 - across / 4.0));
    }
  }
  EXPECT_TRUE(find(s).trails.empty());
}

TEST(Trails, AreTheSameForAnyNumberOfThreads) {
  Scene s(500, 400, 261);
  test::add_stars(s, 200, 300.0, 3e5, 3.0);
  test::add_trail(s, -20, 100, 700, 300, 400, 3.0);
  const int before = thread_count();
  set_thread_count(1);
  const Found one = find(s);
  for (const int threads : {2, 4}) {
    set_thread_count(threads);
    EXPECT_EQ(find(s).mask, one.mask) << threads;
  }
  set_thread_count(before);
}

TEST(Trails, DegenerateImagesAreSurvived) {
  for (const std::ptrdiff_t size : {0, 1, 2, 5, 40}) {
    const Plane<float> image(size, size, 7.0F);
    Plane<MaskPixel> mask(size, size);
    EXPECT_TRUE(find_trails(image.view(), image.view(), {}, mask.view()).empty()) << size;
    Plane<MaskPixel> none(size, size, mask_bits::no_data);
    EXPECT_TRUE(find_trails(image.view(), image.view(), {}, none.view()).empty()) << size;
  }
}

TEST(Trails, TheOneOfARealFrameIsMasked) {
  const auto image =
      test::read_plain_fits(std::string(POLIS_REAL_DATA_DIR) + "/streak/samples/long.fits");
  if (!image) GTEST_SKIP() << "skipped: no real data";
  const Level sky = image_level(image->view());
  const Plane<float> variance(image->width(), image->height(),
                              static_cast<float>(sky.sigma * sky.sigma));
  Plane<MaskPixel> mask(image->width(), image->height());
  const auto trails = find_trails(image->view(), variance.view(), {}, mask.view());
  ASSERT_EQ(trails.size(), 1U);
  // Ends as seen by eye.
  const bool forward = trails[0].x0 < trails[0].x1;
  EXPECT_NEAR(forward ? trails[0].x0 : trails[0].x1, 22.0, 12.0);
  EXPECT_NEAR(forward ? trails[0].y0 : trails[0].y1, 338.0, 6.0);
  EXPECT_NEAR(forward ? trails[0].x1 : trails[0].x0, 342.0, 12.0);
  EXPECT_NEAR(forward ? trails[0].y1 : trails[0].y0, 309.0, 6.0);
  int bright = 0;
  int covered = 0;
  for (std::ptrdiff_t x = 30; x < 330; ++x) {
    const double middle = 338.0 - 29.0 * static_cast<double>(x - 22) / 320.0;
    for (std::ptrdiff_t y = std::lround(middle) - 6; y <= std::lround(middle) + 6; ++y) {
      if (static_cast<double>((*image)(x, y)) < sky.level + 4.0 * sky.sigma) continue;
      ++bright;
      covered += (mask(x, y) & mask_bits::trail) != 0 ? 1 : 0;
    }
  }
  EXPECT_GE(covered, 0.95 * bright) << bright;
}

}  // namespace
}  // namespace polis
