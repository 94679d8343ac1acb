#include "kernels/difference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "kernels/frame_pair_helpers.h"
#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

using namespace frame_pair;

constexpr std::ptrdiff_t kEdge = 640;

Conditions science_conditions() {
  Conditions c;
  c.fwhm_px = 3.2;
  c.tilt = 0.05;
  c.throughput = 0.8;
  return c;
}

Conditions reference_conditions() {
  Conditions c;
  c.fwhm_px = 2.4;
  c.exposures = 4.0;
  return c;
}

/// One scene for many tests: drawing takes longer than subtracting.
const Scene& scene() {
  static const Scene made =
      make_scene(science_conditions(), reference_conditions(),
                 make_stars(kEdge, kEdge, 700, 500.0, 3), kEdge, kEdge, 40, {5.0, 10.0}, 3);
  return made;
}

const Difference& subtracted() {
  static const Difference made =
      subtract_frames(scene().science_frame.view(), scene().reference_frame.view());
  return made;
}

bool usable(const Difference& d, std::ptrdiff_t x, std::ptrdiff_t y) {
  return (d.mask(x, y) & mask_bits::unusable) == 0;
}

/// Pixels with no star within 12 px.
Plane<unsigned char> empty_sky(const Scene& s) {
  Plane<unsigned char> sky(kEdge, kEdge, 1);
  for (std::ptrdiff_t y = 0; y < kEdge; ++y) {
    for (std::ptrdiff_t x = 0; x < kEdge; ++x) {
      for (const auto* list : {&s.stars, &s.fresh}) {
        for (const Source& star : *list) {
          const double dx = std::abs(star.x - static_cast<double>(x));
          const double dy = std::abs(star.y - static_cast<double>(y));
          if (dx < 9.0 && dy < 9.0) sky(x, y) = 0;
        }
      }
    }
  }
  return sky;
}

double rms(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double v : values) sum += v * v;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

TEST(Difference, ConvolvesTheSharperFrame) {
  EXPECT_TRUE(subtracted().convolved_reference);
  const Difference turned =
      subtract_frames(scene().reference_frame.view(), scene().science_frame.view());
  ASSERT_FALSE(turned.empty());
  EXPECT_FALSE(turned.convolved_reference);
  EXPECT_NEAR(turned.quality.flux_ratio * subtracted().quality.flux_ratio, 1.0, 0.01);
}

TEST(Difference, FindsTheRatioOfTheFluxes) {
  EXPECT_NEAR(subtracted().quality.flux_ratio, 0.8, 0.008);
}

TEST(Difference, ScoreHasUnitNoiseOnTheSkyAndOnStars) {
  const Difference& d = subtracted();
  ASSERT_FALSE(d.empty());
  const Plane<unsigned char> sky = empty_sky(scene());
  std::vector<double> on_sky;
  for (std::ptrdiff_t y = 0; y < kEdge; ++y) {
    for (std::ptrdiff_t x = 0; x < kEdge; ++x) {
      if (sky(x, y) != 0 && usable(d, x, y)) on_sky.push_back(static_cast<double>(d.score(x, y)));
    }
  }
  ASSERT_GT(on_sky.size(), 20000U);
  EXPECT_NEAR(rms(on_sky), 1.0, 0.03);
  std::vector<double> on_stars;
  for (const Source& star : scene().stars) {
    const auto x = static_cast<std::ptrdiff_t>(std::lround(star.x));
    const auto y = static_cast<std::ptrdiff_t>(std::lround(star.y));
    const bool alone = std::all_of(
        scene().fresh.begin(), scene().fresh.end(),
        [&](const Source& other) { return std::hypot(star.x - other.x, star.y - other.y) > 8.0; });
    if (star.flux > 2000.0 && d.score.view().contains(x, y) && usable(d, x, y) && alone) {
      on_stars.push_back(static_cast<double>(d.score(x, y)));
    }
  }
  ASSERT_GT(on_stars.size(), 100U);
  EXPECT_LT(rms(on_stars), 1.15);
}

TEST(Difference, NoiseOnTheSkyNeedsNoScaling) {
  EXPECT_NEAR(subtracted().quality.noise_scale, 1.0, 0.03);
}

TEST(Difference, FindsNewSources) {
  const Difference& d = subtracted();
  int tried = 0;
  int found = 0;
  double ratio = 0.0;
  for (const Source& source : scene().fresh) {
    const auto x = static_cast<std::ptrdiff_t>(std::lround(source.x));
    const auto y = static_cast<std::ptrdiff_t>(std::lround(source.y));
    if (source.snr < 7.0 || !usable(d, x, y)) continue;
    ++tried;
    ratio += static_cast<double>(d.score(x, y)) / source.snr;
    found += d.score(x, y) > 5.0F ? 1 : 0;
  }
  ASSERT_GT(tried, 30);
  EXPECT_GE(found, tried - 1);
  EXPECT_GT(ratio / tried, 0.9);
}

TEST(Difference, KeepsTheLightOfNewSources) {
  const Difference& d = subtracted();
  double light = 0.0;
  double truth = 0.0;
  for (const Source& source : scene().fresh) {
    const auto x0 = static_cast<std::ptrdiff_t>(std::lround(source.x));
    const auto y0 = static_cast<std::ptrdiff_t>(std::lround(source.y));
    double sum = 0.0;
    double inside = 0.0;
    bool whole = true;
    for (std::ptrdiff_t y = y0 - 3; y <= y0 + 3; ++y) {
      for (std::ptrdiff_t x = x0 - 3; x <= x0 + 3; ++x) {
        whole = whole && usable(d, x, y);
        sum += static_cast<double>(d.difference(x, y));
        inside += light_in_pixel(scene().science, kEdge, kEdge, source, x, y);
      }
    }
    if (!whole) continue;
    light += sum;
    truth += source.flux * scene().science.throughput * inside;
  }
  ASSERT_GT(truth, 0.0);
  EXPECT_NEAR(light / truth, 1.0, 0.05);
}

TEST(Difference, NoiseIsWhiteAndItsVarianceIsTrue) {
  const Difference& d = subtracted();
  const Plane<unsigned char> sky = empty_sky(scene());
  double square = 0.0;
  double lag = 0.0;
  double variance = 0.0;
  std::size_t count = 0;
  for (std::ptrdiff_t y = 0; y < kEdge; ++y) {
    for (std::ptrdiff_t x = 0; x + 1 < kEdge; ++x) {
      if (sky(x, y) == 0 || sky(x + 1, y) == 0 || !usable(d, x, y) || !usable(d, x + 1, y)) {
        continue;
      }
      const auto here = static_cast<double>(d.difference(x, y));
      square += here * here;
      lag += here * static_cast<double>(d.difference(x + 1, y));
      variance += static_cast<double>(d.variance(x, y));
      ++count;
    }
  }
  ASSERT_GT(count, 10000U);
  EXPECT_NEAR(lag / square, 0.0, 0.03);
  EXPECT_NEAR(square / variance, 1.0, 0.05);
}

TEST(Difference, DropsVariableStarsFromTheFit) {
  Scene changed = make_scene(science_conditions(), reference_conditions(),
                             make_stars(kEdge, kEdge, 700, 500.0, 5), kEdge, kEdge, 0, {}, 5);
  std::vector<Source> variable;
  for (std::size_t i = 0; i < changed.stars.size(); i += 7) {
    const Source& star = changed.stars[i];
    if (star.flux < 5000.0) continue;
    variable.push_back(star);
    const auto x0 = static_cast<std::ptrdiff_t>(std::lround(star.x));
    const auto y0 = static_cast<std::ptrdiff_t>(std::lround(star.y));
    for (std::ptrdiff_t y = y0 - 12; y <= y0 + 12; ++y) {
      for (std::ptrdiff_t x = x0 - 12; x <= x0 + 12; ++x) {
        if (!changed.science_frame.pixels.view().contains(x, y)) continue;
        changed.science_frame.pixels(x, y) +=
            static_cast<float>(0.5 * star.flux * changed.science.throughput *
                               light_in_pixel(changed.science, kEdge, kEdge, star, x, y));
      }
    }
  }
  ASSERT_GT(variable.size(), 5U);
  const Difference d =
      subtract_frames(changed.science_frame.view(), changed.reference_frame.view());
  ASSERT_FALSE(d.empty());
  EXPECT_LT(d.quality.stars_used, d.quality.stars_found);
  EXPECT_NEAR(d.quality.flux_ratio, 0.8, 0.012);
}

TEST(Difference, GrowsTheMaskAsFarAsTheKernelReaches) {
  Scene marked = scene();
  marked.reference_frame.mask(320, 320) |= mask_bits::bad;
  marked.science_frame.mask(360, 320) |= mask_bits::bad;
  const Difference d = subtract_frames(marked.science_frame.view(), marked.reference_frame.view());
  ASSERT_FALSE(d.empty());
  const std::ptrdiff_t reach = d.kernel.reach(320, 320, DifferenceSettings{}.reach_fraction);
  EXPECT_GT(reach, 1);
  EXPECT_LE(reach, 10);
  EXPECT_NE(d.mask(320 + reach, 320 - reach) & mask_bits::bad, 0U);
  EXPECT_EQ(d.mask(320 + reach + 1, 320) & mask_bits::bad, 0U);
  EXPECT_NE(d.mask(360, 320) & mask_bits::bad, 0U);
  EXPECT_EQ(d.mask(361, 320) & mask_bits::bad, 0U);
  EXPECT_EQ(d.score(320, 320), 0.0F);
  EXPECT_EQ(d.difference(320, 320), 0.0F);
}

TEST(Difference, ANumberThatIsNoneSpoilsNothingElse) {
  Scene spoilt = scene();
  spoilt.reference_frame.pixels(300, 300) = std::numeric_limits<float>::quiet_NaN();
  spoilt.science_frame.pixels(100, 300) = std::numeric_limits<float>::infinity();
  spoilt.reference_frame.variance(200, 300) = -1.0F;
  const Difference d = subtract_frames(spoilt.science_frame.view(), spoilt.reference_frame.view());
  ASSERT_FALSE(d.empty());
  for (std::ptrdiff_t i = 0; i < d.difference.size(); ++i) {
    ASSERT_TRUE(std::isfinite(d.difference.data()[i]) && std::isfinite(d.score.data()[i]) &&
                std::isfinite(d.variance.data()[i]));
  }
  EXPECT_NE(d.mask(300, 300) & mask_bits::no_data, 0U);
  EXPECT_NE(d.mask(100, 300) & mask_bits::no_data, 0U);
  EXPECT_NE(d.mask(200, 300) & mask_bits::no_data, 0U);
}

TEST(Difference, SameBytesOnAnyNumberOfThreads) {
  const int before = thread_count();
  for (const int threads : {1, 2, 4}) {
    set_thread_count(threads);
    const Difference again =
        subtract_frames(scene().science_frame.view(), scene().reference_frame.view());
    EXPECT_EQ(again.difference, subtracted().difference);
    EXPECT_EQ(again.variance, subtracted().variance);
    EXPECT_EQ(again.mask, subtracted().mask);
    EXPECT_EQ(again.score, subtracted().score);
  }
  set_thread_count(before);
}

TEST(Difference, NeedsNoMasks) {
  DifferenceFrame science = scene().science_frame.view();
  DifferenceFrame reference = scene().reference_frame.view();
  science.mask = {};
  reference.mask = {};
  EXPECT_FALSE(subtract_frames(science, reference).empty());
}

TEST(Difference, NothingComesOfFramesThatShowNothing) {
  EXPECT_TRUE(subtract_frames({}, {}).empty());
  for (const std::ptrdiff_t edge : {1, 7, 64}) {
    for (const float value : {0.0F, 100.0F, std::numeric_limits<float>::quiet_NaN()}) {
      const Plane<float> pixels(edge, edge, value);
      const Plane<float> variance(edge, edge, 1.0F);
      const DifferenceFrame frame{pixels.view(), variance.view(), {}};
      EXPECT_TRUE(subtract_frames(frame, frame).empty());
    }
  }
  const Plane<MaskPixel> all(kEdge, kEdge, mask_bits::bad);
  DifferenceFrame masked = scene().science_frame.view();
  masked.mask = all.view();
  EXPECT_TRUE(subtract_frames(masked, scene().reference_frame.view()).empty());
}

TEST(Difference, FramesOfOtherSizesAreRefused) {
  DifferenceFrame cut = scene().reference_frame.view();
  cut.pixels.width -= 1;
  EXPECT_TRUE(subtract_frames(scene().science_frame.view(), cut).empty());
}

}  // namespace
}  // namespace polis
