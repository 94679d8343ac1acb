#include "kernels/detect.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "base/random.h"
#include "kernels/components.h"
#include "kernels/convolve.h"
#include "kernels/deblend.h"
#include "kernels/detect_reference.h"
#include "kernels/gaussian_stars_helpers.h"
#include "kernels/parallel.h"
#include "kernels/source_flags.h"

namespace polis {
namespace {

KernelGrid filter_of(double fwhm_px) { return KernelGrid::uniform(gaussian_kernel(fwhm_px)); }

Plane<float> smooth_noise(std::ptrdiff_t width, std::ptrdiff_t height, double fwhm_px,
                          std::uint64_t seed) {
  const Plane<float> noise = test::white_noise(width, height, seed);
  Plane<float> smooth(width, height);
  correlate(noise.view(), gaussian_kernel(fwhm_px).view(), smooth.view());
  return smooth;
}

/// Labels as the runs say, number + 1.
Plane<std::int32_t> paint(const Components& components, std::ptrdiff_t width,
                          std::ptrdiff_t height) {
  Plane<std::int32_t> labels(width, height);
  for (const PixelRun& run : components.runs) {
    for (std::int32_t x = run.x0; x < run.x1; ++x) labels(x, run.y) = run.component + 1;
  }
  return labels;
}

TEST(Components, AreThoseOfAFloodFill) {
  for (const auto& [width, height] :
       {std::pair{1, 1}, {1, 90}, {90, 1}, {33, 64}, {97, 150}, {64, 65}}) {
    for (const float threshold : {-0.5F, 0.0F, 0.6F, 1.5F}) {
      const Plane<float> image = test::white_noise(width, height, 31);
      const Components components = find_components(image.view(), threshold, threshold, 1);
      EXPECT_EQ(paint(components, width, height), reference::flood_fill(image.view(), threshold));
    }
  }
}

TEST(Components, WithoutAHighPixelOrWithTooFewPixelsAreDropped) {
  Plane<float> image(20, 10);
  image(2, 2) = 9.0F;                              // one pixel
  for (int x = 5; x < 9; ++x) image(x, 4) = 3.0F;  // no peak
  for (int x = 11; x < 15; ++x) image(x, 7) = 3.0F;
  image(12, 7) = 6.0F;
  const Components components = find_components(image.view(), 2.5F, 5.0F, 3);
  EXPECT_EQ(components.count, 1);
  EXPECT_EQ(paint(components, 20, 10)(14, 7), 1);
}

TEST(Components, SpiralsAndDiagonalsAreOne) {
  Plane<float> image(200, 200);
  for (int i = 0; i < 200; ++i) image(i, i) = 1.0F;
  for (int i = 0; i < 200; ++i) image(199 - i, i) = 1.0F;
  EXPECT_EQ(find_components(image.view(), 0.5F, 0.5F, 1).count, 1);
}

/// Deblending without contrast and source noise: prominence alone.
DetectSettings by_prominence(float prominence) {
  DetectSettings settings;
  settings.isophote_snr = 0.02F;
  settings.peak_snr = 0.1F;
  settings.min_pixels = 1;
  settings.min_contrast = 0.0F;
  settings.min_prominence = prominence;
  return settings;
}

Detections deblend_alone(const Plane<float>& image, const DetectSettings& settings) {
  MeasuredPixels pixels;
  pixels.residual = image.view();
  pixels.gain_e_per_unit = 0.0F;
  const Components components =
      find_components(image.view(), settings.isophote_snr, settings.peak_snr, settings.min_pixels);
  return deblend(image.view(), components, pixels, settings);
}

TEST(Deblend, KeepsThePeaksThatThresholdingAgainFinds) {
  for (const auto& [width, height, seed] : {std::tuple{60, 50, 1}, {40, 150, 2}, {131, 20, 3}}) {
    const Plane<float> image = smooth_noise(width, height, 3.0, static_cast<std::uint64_t>(seed));
    for (const float prominence : {0.0F, 0.1F, 0.3F}) {
      const DetectSettings settings = by_prominence(prominence);
      std::set<std::pair<int, int>> expected;
      for (const reference::Peak& peak :
           reference::peaks_by_thresholding(image.view(), settings.isophote_snr)) {
        const bool stands = peak.highest || peak.height - peak.saddle >= prominence;
        if (peak.height >= settings.peak_snr && stands) expected.emplace(peak.y, peak.x);
      }
      std::set<std::pair<int, int>> found;
      for (const Detection& source : deblend_alone(image, settings).sources)
        found.emplace(source.peak_y, source.peak_x);
      EXPECT_EQ(found, expected);
    }
  }
}

TEST(Deblend, GivesEveryPixelOfAComponentToOneOfItsSources) {
  const Plane<float> image = smooth_noise(150, 140, 3.0, 6);
  const DetectSettings settings = by_prominence(0.15F);
  const Components components = find_components(image.view(), 0.02F, 0.1F, 1);
  const Plane<std::int32_t> parents = paint(components, 150, 140);
  const Detections result = deblend_alone(image, settings);
  std::vector<std::int32_t> pixels(result.sources.size(), 0);
  for (std::int32_t y = 0; y < 140; ++y) {
    for (std::int32_t x = 0; x < 150; ++x) {
      const std::int32_t label = result.labels(x, y);
      ASSERT_EQ(label > 0, parents(x, y) > 0);
      if (label == 0) continue;
      const Detection& source = result.sources[static_cast<std::size_t>(label) - 1];
      ++pixels[static_cast<std::size_t>(label) - 1];
      EXPECT_EQ(source.parent, parents(x, y) - 1);
      EXPECT_TRUE(x >= source.x0 && x <= source.x1 && y >= source.y0 && y <= source.y1);
      EXPECT_LE(image(x, y), source.snr);
    }
  }
  for (std::size_t i = 0; i < pixels.size(); ++i) EXPECT_EQ(pixels[i], result.sources[i].pixels);
  EXPECT_TRUE(std::is_sorted(result.sources.begin(), result.sources.end(),
                             [](const Detection& a, const Detection& b) {
                               return std::pair(a.peak_y, a.peak_x) < std::pair(b.peak_y, b.peak_x);
                             }));
}

TEST(Deblend, AFaintNeighbourNeedsItsShareOfTheFlux) {
  Plane<float> image(60, 40);
  test::add_gaussian({20, 20, 40000}, 5.0, image.view());
  test::add_gaussian({32, 20, 800}, 5.0, image.view());
  DetectSettings settings;
  settings.min_contrast = 0.005F;
  EXPECT_EQ(deblend_alone(image, settings).sources.size(), 2U);
  settings.min_contrast = 0.05F;
  EXPECT_EQ(deblend_alone(image, settings).sources.size(), 1U);
}

TEST(Deblend, PlateausAreOnePeak) {
  Plane<float> image(30, 30);
  for (int y = 5; y < 20; ++y) {
    for (int x = 5; x < 25; ++x) image(x, y) = 50.0F;
  }
  const Detections result = deblend_alone(image, DetectSettings{});
  ASSERT_EQ(result.sources.size(), 1U);
  EXPECT_EQ(result.sources[0].pixels, 300);
  EXPECT_EQ(result.sources[0].peak_x, 5);
  EXPECT_EQ(result.sources[0].peak_y, 5);
}

TEST(Detect, FindsStarsWhereTheyAre) {
  std::vector<test::Star> stars;
  for (int j = 0; j < 10; ++j) {
    for (int i = 0; i < 10; ++i)
      stars.push_back({20.0 + 25 * i + 0.37 * j, 20.0 + 25 * j + 0.21 * i, 1000.0 + 100 * i});
  }
  const test::StarField field = test::make_star_field(280, 280, stars, 3.0, 100.0);
  const Detections found = detect_sources(field.measured(), filter_of(3.0));
  EXPECT_EQ(found.sources.size(), stars.size());
  for (const test::Star& star : stars) {
    const auto near =
        std::count_if(found.sources.begin(), found.sources.end(), [&](const Detection& source) {
          return std::hypot(source.peak_x - star.x, source.peak_y - star.y) < 1.5;
        });
    EXPECT_EQ(near, 1);
  }
}

TEST(Detect, SeparatesACloseDoubleAndFlagsIt) {
  const test::StarField field =
      test::make_star_field(64, 64, {{30, 30, 20000}, {36, 30, 8000}, {10, 50, 5000}}, 3.0, 100.0);
  const Detections found = detect_sources(field.measured(), filter_of(3.0));
  ASSERT_EQ(found.sources.size(), 3U);
  EXPECT_EQ(found.sources[0].flags, source_flags::blended);
  EXPECT_EQ(found.sources[1].flags, source_flags::blended);
  EXPECT_EQ(found.sources[0].parent, found.sources[1].parent);
  EXPECT_EQ(found.sources[2].flags, 0);
}

TEST(Detect, EmptySkyGivesLessThanOneFalseSourcePerMegapixel) {
  std::size_t found = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const test::StarField field = test::make_star_field(1024, 1024, {}, 3.0, 300.0, 1.0, seed);
    found += detect_sources(field.measured(), filter_of(3.0)).sources.size();
  }
  EXPECT_LE(found, 4U);
}

TEST(Detect, MissesLessThanOnePercentOfIsolatedStarsAtSnr10) {
  const double unit = std::sqrt(325.0) * std::sqrt(4.0 * 3.14159265) *
                      std::sqrt(std::pow(3.0 / 2.3548, 2) + 1.0 / 12.0);
  std::vector<test::Star> stars;
  RandomStream random(12, "places");
  for (int j = 0; j < 32; ++j) {
    for (int i = 0; i < 32; ++i) {
      stars.push_back(
          {16.0 + 30 * i + random.uniform(), 16.0 + 30 * j + random.uniform(), 10.0 * unit});
    }
  }
  const test::StarField field = test::make_star_field(980, 980, stars, 3.0, 300.0);
  EXPECT_GE(detect_sources(field.measured(), filter_of(3.0)).sources.size(), 1014U);
}

TEST(Detect, SurvivesDegenerateImages) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto& [width, height] : {std::pair{1, 1}, {2048, 30}, {3, 500}, {64, 64}}) {
    for (const float value : {nan, 0.0F, 100.0F}) {
      test::StarField field = test::make_star_field(width, height, {}, 3.0, 100.0, 0.0);
      std::fill_n(field.pixels.data(), field.pixels.size(), value);
      const Detections found = detect_sources(field.measured(), filter_of(3.0));
      EXPECT_EQ(found.labels.size(), width * height);
      EXPECT_EQ(found.sources.empty(), value != 100.0F || width * height == 1);
    }
  }
  EXPECT_TRUE(detect_sources(MeasuredPixels{}, filter_of(3.0)).sources.empty());
}

TEST(Detect, AnImageSaturatedFromEdgeToEdgeIsOneFlaggedSource) {
  test::StarField field = test::make_star_field(1100, 40, {}, 3.0, 100.0, 0.0);
  std::fill_n(field.pixels.data(), field.pixels.size(), 60000.0F);
  std::fill_n(field.variance.data(), field.variance.size(), 60125.0F);
  std::fill_n(field.mask.data(), field.mask.size(), mask_bits::saturated);
  const Detections found = detect_sources(field.measured(), filter_of(3.0));
  ASSERT_EQ(found.sources.size(), 1U);
  EXPECT_EQ(found.sources[0].flags, source_flags::edge | source_flags::too_large);
}

TEST(Detect, MoreThanTheAllowedChildrenAreFlagged) {
  std::vector<test::Star> stars;
  for (int j = 0; j < 40; ++j) {
    for (int i = 0; i < 40; ++i) stars.push_back({10.0 + 6 * i, 10.0 + 6 * j, 20000.0});
  }
  const test::StarField field = test::make_star_field(260, 260, stars, 3.0, 100.0);
  const Detections found = detect_sources(field.measured(), filter_of(3.0));
  EXPECT_EQ(found.sources.size(), 1600U);
  EXPECT_TRUE(std::all_of(found.sources.begin(), found.sources.end(), [](const Detection& source) {
    return (source.flags & source_flags::too_many_children) != 0;
  }));
}

TEST(Detect, IsTheSameForAnyNumberOfThreads) {
  std::vector<test::Star> stars;
  RandomStream random(4, "stars");
  for (int i = 0; i < 3000; ++i) {
    stars.push_back(
        {random.uniform(0, 500), random.uniform(0, 400), 300.0 * std::pow(random.uniform(), -1.2)});
  }
  const test::StarField field = test::make_star_field(500, 400, stars, 3.0, 100.0);
  set_thread_count(1);
  const Detections one = detect_sources(field.measured(), filter_of(3.0));
  EXPECT_GT(one.sources.size(), 800U);
  for (const int threads : {2, 4}) {
    set_thread_count(threads);
    const Detections many = detect_sources(field.measured(), filter_of(3.0));
    EXPECT_EQ(one.labels, many.labels);
    ASSERT_EQ(one.sources.size(), many.sources.size());
    for (std::size_t i = 0; i < one.sources.size(); ++i) {
      EXPECT_EQ(one.sources[i].snr, many.sources[i].snr);
      EXPECT_EQ(one.sources[i].pixels, many.sources[i].pixels);
      EXPECT_EQ(one.sources[i].flags, many.sources[i].flags);
    }
  }
}

}  // namespace
}  // namespace polis
