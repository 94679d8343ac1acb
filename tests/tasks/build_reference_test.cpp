#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/number_text.h"
#include "base/random.h"
#include "kernels/parallel.h"
#include "sky/table.h"
#include "sky/wcs_facts.h"
#include "tasks/detector_helpers.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr int kSize = 200;
constexpr double kFwhm = 2.6;

struct Look {
  double turned_deg = 0.0, fwhm_px = kFwhm, zero_point = 23.0;
  bool solved = true;
  double moving_star = -1.0;  ///< a star at (100, this) of this frame only
};

Wcs wcs_of(const Look& look) {
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = {133.4, 8.6};
  wcs.reference_pixel = {0.5 * kSize - 0.5, 0.5 * kSize - 0.5};
  const double c = std::cos(look.turned_deg * M_PI / 180.0) / 3600.0;
  const double s = std::sin(look.turned_deg * M_PI / 180.0) / 3600.0;
  wcs.cd = {-c, s, s, c};
  return wcs;
}

void add_star(Plane<float>& pixels, PixelPosition p, double flux, double fwhm) {
  const double sigma = fwhm / 2.3548;
  for (int y = 0; y < kSize; ++y) {
    for (int x = 0; x < kSize; ++x) {
      const double r2 = (x - p.x) * (x - p.x) + (y - p.y) * (y - p.y);
      pixels(x, y) += static_cast<float>(flux / (2.0 * M_PI * sigma * sigma) *
                                         std::exp(-0.5 * r2 / (sigma * sigma)));
    }
  }
}

const SkyPosition kStar{133.405, 8.605};

/// A frame with a star of 20,000 electrons at zero point 23 on a sky of 100.
void add_frame(test::MemoryReader& reader, const Look& look, int index) {
  Frame frame;
  frame.exposure.exposure_id = "e" + std::to_string(index);
  frame.exposure.type = ImageType::science;
  frame.exposure.width = frame.exposure.height = kSize;
  frame.exposure.amplifiers = {{}};
  frame.exposure.exposure_time_s = 60.0;
  frame.exposure.mjd_mid = 60000.0 + index;
  frame.unit = "electron";
  frame.pixels = Plane<float>(kSize, kSize, 100.0F);
  const double light = std::pow(10.0, 0.4 * (look.zero_point - 23.0));
  const Wcs wcs = wcs_of(look);
  add_star(frame.pixels, wcs.to_pixel(kStar), 20000.0 * light, look.fwhm_px);
  if (look.moving_star > 0.0) add_star(frame.pixels, {100.0, look.moving_star}, 20000.0, kFwhm);
  frame.variance = frame.pixels;
  frame.mask = Plane<MaskPixel>(kSize, kSize);
  RandomStream random(5, "build_reference", static_cast<std::uint64_t>(index));
  for (std::ptrdiff_t i = 0; i < frame.pixels.size(); ++i)
    frame.pixels.data()[i] +=
        static_cast<float>(random.normal() * std::sqrt(frame.variance.data()[i]));
  TableSet catalog;
  catalog.facts = {{"fwhm_px", number_text(look.fwhm_px)},
                   {"sky_rms_e", "10"},
                   {"limiting_mag", "20"},
                   {"zero_point_mag", number_text(look.zero_point)}};
  if (look.solved) set_wcs(catalog.facts, wcs);
  reader.add("exposure", Artifact::of("exposure", frame.exposure));
  reader.add("frame", Artifact::of("frame", std::move(frame)));
  reader.add("catalog", Artifact::of("catalog", std::move(catalog)));
}

Frame build(const std::vector<Look>& looks) {
  test::MemoryReader reader;
  for (std::size_t i = 0; i < looks.size(); ++i) add_frame(reader, looks[i], static_cast<int>(i));
  return test::run_task(build_reference_task(), reader).as<Frame>();
}

double light_around(const Frame& frame, PixelPosition p, double radius) {
  double sum = 0.0;
  for (std::ptrdiff_t y = 0; y < frame.pixels.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < frame.pixels.width(); ++x) {
      const double dx = static_cast<double>(x) - p.x, dy = static_cast<double>(y) - p.y;
      if (dx * dx + dy * dy < radius * radius) sum += static_cast<double>(frame.pixels(x, y));
    }
  }
  return sum;
}

TEST(BuildReference, AddsUpTurnedFramesOfDifferentDepth) {
  const Frame reference = build({{0.0}, {90.0}, {30.0, kFwhm, 22.5}, {180.0, 2.7}});
  EXPECT_EQ(reference.facts.at("reference_exposures"), "4");
  EXPECT_EQ(reference.facts.at("exposures"), "e0 e1 e2 e3");
  ASSERT_TRUE(reference.wcs.valid);
  const PixelPosition star = reference.wcs.to_pixel(kStar);
  EXPECT_NEAR(light_around(reference, star, 8.0), 20000.0, 250.0);
  // The noise fell as the number of frames says: weights 1, 1, 0.4, 1.
  double sum = 0.0, claimed = 0.0;
  int n = 0;
  const auto cx = static_cast<std::ptrdiff_t>(reference.wcs.reference_pixel.x);
  for (std::ptrdiff_t y = cx - 60; y < cx - 20; ++y) {
    for (std::ptrdiff_t x = cx - 60; x < cx - 20; ++x, ++n) {
      sum += static_cast<double>(reference.pixels(x, y) * reference.pixels(x, y));
      claimed += static_cast<double>(reference.variance(x, y));
    }
  }
  EXPECT_NEAR(claimed / n, 100.0 / 3.4, 2.0);
  // Interpolation smooths single pixels a little.
  EXPECT_GT(sum / n, 0.6 * 100.0 / 3.4);
  EXPECT_LT(sum / n, 1.1 * 100.0 / 3.4);
}

TEST(BuildReference, WhatMovesIsLeftOut) {
  const Frame reference = build({{0.0, kFwhm, 23.0, true, 40.0},
                                 {0.0, kFwhm, 23.0, true, 70.0},
                                 {0.0, kFwhm, 23.0, true, 160.0},
                                 {0.0},
                                 {0.0}});
  const Wcs wcs = wcs_of({});
  for (const double y : {40.0, 70.0, 160.0}) {
    const PixelPosition p = reference.wcs.to_pixel(wcs.to_sky({100.0, y}));
    EXPECT_NEAR(light_around(reference, p, 5.0), 0.0, 300.0) << y;
  }
}

TEST(BuildReference, BlurredAndUnsolvedFramesAreLeftOut) {
  const Frame reference = build({{0.0}, {5.0}, {9.0}, {0.0, 6.0}, {0.0, kFwhm, 23.0, false}});
  EXPECT_EQ(reference.facts.at("exposures"), "e0 e1 e2");
  EXPECT_EQ(reference.facts.at("frames_left_out"), "2");
}

TEST(BuildReference, FewFramesAreACaveatAndNoneAnError) {
  EXPECT_TRUE(build({{0.0}}).facts.contains("caveat_few_frames"));
  EXPECT_THROW(build({{0.0, kFwhm, 23.0, false}}), Error);
}

TEST(BuildReference, AnyNumberOfThreadsGivesTheSameBytes) {
  const auto bytes = [](int threads) {
    set_thread_count(threads);
    return Artifact::of("coadd", build({{0.0}, {40.0}, {80.0}})).bytes();
  };
  const int before = thread_count();
  const Bytes one = bytes(1);
  EXPECT_EQ(bytes(2), one);
  EXPECT_EQ(bytes(4), one);
  set_thread_count(before);
}

}  // namespace
}  // namespace polis
