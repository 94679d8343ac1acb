#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "kernels/parallel.h"
#include "tasks/detector_frame.h"
#include "tasks/detector_helpers.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

using test::Detector;
using test::MemoryReader;

/// Mean and mean square of (pixel - truth) / sigma over the pixels that are not masked.
struct Pull {
  double mean = 0.0, square = 0.0;
  int count = 0;
};

template <class Truth>
Pull pull_of(const Frame& frame, Truth&& truth, MaskPixel avoid = mask_bits::unusable) {
  Pull pull;
  for (std::ptrdiff_t y = 0; y < frame.pixels.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < frame.pixels.width(); ++x) {
      if ((frame.mask(x, y) & avoid) != 0) continue;
      const double d = (static_cast<double>(frame.pixels(x, y)) - truth(x, y)) /
                       std::sqrt(static_cast<double>(frame.variance(x, y)));
      pull.mean += d;
      pull.square += d * d;
      ++pull.count;
    }
  }
  pull.mean /= pull.count;
  pull.square /= pull.count;
  return pull;
}

double gain_at(const Detector& d, std::ptrdiff_t x) {
  return d.gain_e_per_adu * (x < d.width / 2 ? 1.0 : 1.1);
}

TEST(MasterBias, IsTheStructureWithinItsErrors) {
  const Detector d;
  const Artifact artifact = test::make_bias(d, 12);
  EXPECT_EQ(artifact.kind(), "master_bias");
  const Frame& bias = artifact.as<Frame>();
  const Pull pull = pull_of(bias, [&](auto x, auto y) { return d.bias_structure(x, y); });
  EXPECT_NEAR(pull.mean, 0.0, 0.1);
  EXPECT_NEAR(pull.square, 1.0, 0.15);
  EXPECT_NEAR(fact_number(bias.facts, "read_noise_adu_0", 0.0), 4.0, 0.2);
  EXPECT_EQ(bias.facts.count("caveat_few_frames"), 0U);
}

TEST(MasterBias, FewFramesAreACaveatNotAnError) {
  const Artifact one = test::make_bias(Detector{}, 1);
  EXPECT_EQ(one.as<Frame>().facts.count("caveat_few_frames"), 1U);
  EXPECT_TRUE(std::isfinite(one.as<Frame>().variance(3, 3)));
}

TEST(MasterDark, IsTheRatePerSecondAndFlagsHotPixels) {
  const Detector d;
  const Artifact artifact = test::make_dark(d, 7, test::make_bias(d, 15));
  const Frame& dark = artifact.as<Frame>();
  EXPECT_EQ(dark.unit, "adu/s");
  const Pull pull =
      pull_of(dark, [&](auto x, auto y) { return d.dark_rate_e(x, y, -10.0) / gain_at(d, x); });
  EXPECT_NEAR(pull.mean, 0.0, 0.15);
  EXPECT_LT(pull.square, 2.0);  // the noise of the bias, common to all, is not in the variance
  int hot = 0;
  int wrong = 0;
  for (std::ptrdiff_t y = 0; y < d.height; ++y) {
    for (std::ptrdiff_t x = 0; x < d.width; ++x) {
      const bool truth = d.dark_rate_e(x, y, -10.0) > 1.0;
      const bool found = (dark.mask(x, y) & mask_bits::hot) != 0;
      hot += truth && found ? 1 : 0;
      wrong += truth != found ? 1 : 0;
    }
  }
  EXPECT_EQ(hot, 8);
  EXPECT_EQ(wrong, 0);
}

TEST(MasterDark, MeasuresHowTheRateRisesWithTemperature) {
  const Detector d;
  MemoryReader reader;
  for (int i = 0; i < 6; ++i) {
    const Exposure e =
        d.exposure(ImageType::dark, "dark" + std::to_string(i), 600.0, -16.0 + 2.4 * i);
    reader.add_exposure(e, d.expose(e, 0.0, static_cast<std::uint64_t>(i)));
  }
  reader.add("bias", test::make_bias(d, 15));
  const Artifact artifact = test::run_task(master_dark_task(), reader);
  EXPECT_EQ(artifact.as<Frame>().facts.at("doubling_from"), "exposures");
  EXPECT_NEAR(fact_number(artifact.as<Frame>().facts, "doubling_c", 0.0), 6.0, 0.1);
}

TEST(MasterDark, WithoutExposureTimeItSaysWhich) {
  const Detector d;
  MemoryReader reader;
  const Exposure e = d.exposure(ImageType::dark, "dark_x", 0.0);
  reader.add_exposure(e, d.expose(e, 0.0, 1));
  try {
    test::run_task(master_dark_task(), reader);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    EXPECT_NE(std::string(error.what()).find("dark_x"), std::string::npos);
  }
}

TEST(MasterFlat, IsTheResponseWithinItsErrors) {
  const Detector d;
  const Artifact artifact = test::make_flat(d, 6, test::make_bias(d, 15));
  const Frame& flat = artifact.as<Frame>();
  // The level in the middle is set to 1 by the flat itself.
  const double norm = static_cast<double>(flat.pixels(48, 40)) / d.response(48, 40);
  EXPECT_NEAR(norm, 1.0, 0.03);
  double sum = 0.0;
  int count = 0;
  for (std::ptrdiff_t y = 0; y < d.height; ++y) {
    for (std::ptrdiff_t x = 0; x < d.width; ++x) {
      sum += static_cast<double>(flat.pixels(x, y)) / d.response(x, y);
      ++count;
      const bool dead = d.response(x, y) < 0.4;
      EXPECT_EQ((flat.mask(x, y) & mask_bits::bad) != 0, dead) << x << " " << y;
    }
  }
  const double scale = sum / count;
  const Pull pull = pull_of(flat, [&](auto x, auto y) { return scale * d.response(x, y); });
  EXPECT_NEAR(pull.mean, 0.0, 0.15);
  EXPECT_NEAR(pull.square, 1.0, 0.2);
}

TEST(MasterFlat, LeavesOutFaintAndSaturatedOnes) {
  const Detector d;
  const Artifact bias = test::make_bias(d, 5);
  MemoryReader reader;
  int i = 0;
  for (const double level : {100.0, 30000.0, 32000.0, 28000.0, 200000.0}) {
    const Exposure e = d.exposure(ImageType::flat, "flat" + std::to_string(i), 2.0);
    reader.add_exposure(e, d.expose(e, level, static_cast<std::uint64_t>(i++)));
  }
  reader.add("bias", bias);
  const Artifact flat = test::run_task(master_flat_task(), reader);
  EXPECT_EQ(flat.as<Frame>().facts.at("frames_left_out"), "2");
  MemoryReader faint;
  const Exposure e = d.exposure(ImageType::flat, "faint", 2.0);
  faint.add_exposure(e, d.expose(e, 10.0, 1));
  EXPECT_THROW(test::run_task(master_flat_task(), faint), Error);
}

Artifact calibrate_night(const Detector& d, const ParameterMap& parameters = {},
                         double gain_error = 1.0) {
  const Artifact bias = test::make_bias(d, 15);
  const Artifact dark = test::make_dark(d, 7, bias);
  const Artifact flat = test::make_flat(d, 8, bias);
  MemoryReader reader;
  Exposure e = d.exposure(ImageType::science, "science", 120.0);
  e.wcs.valid = true;
  e.wcs.cd = {-1e-4, 0.0, 0.0, 1e-4};
  const Plane<float> raw = d.expose(e, 900.0, 999);
  for (Amplifier& amplifier : e.amplifiers) amplifier.gain_e_per_adu *= gain_error;
  reader.add_exposure(e, raw);
  reader.add("bias", bias);
  reader.add("dark", dark);
  reader.add("flat", flat);
  return test::run_task(calibrate_frame_task(), reader, parameters);
}

TEST(CalibrateFrame, GivesTheLightInElectronsWithItsErrors) {
  const Artifact artifact = calibrate_night(Detector{});
  const Frame& frame = artifact.as<Frame>();
  EXPECT_EQ(frame.unit, "electron");
  EXPECT_TRUE(frame.wcs.valid);
  // The flat is 1 in the mean of its central half.
  double middle = 0.0;
  for (std::ptrdiff_t y = 20; y < 60; ++y) {
    for (std::ptrdiff_t x = 24; x < 72; ++x) middle += Detector{}.response(x, y) / (40.0 * 48.0);
  }
  const Pull pull = pull_of(frame, [&](auto, auto) { return 900.0 * middle; });
  EXPECT_GT(pull.count, 7400);
  EXPECT_NEAR(pull.mean, 0.0, 0.1);
  EXPECT_NEAR(pull.square - pull.mean * pull.mean, 1.0, 0.1);
  int hot = 0;
  int bad = 0;
  int hits = 0;
  for (std::ptrdiff_t i = 0; i < frame.mask.size(); ++i) {
    const MaskPixel m = frame.mask.data()[i];
    hot += (m & mask_bits::hot) != 0 ? 1 : 0;
    bad += (m & mask_bits::bad) != 0 ? 1 : 0;
    hits += (m & mask_bits::cosmic_ray) != 0 ? 1 : 0;
  }
  EXPECT_EQ(hot, 8);
  EXPECT_EQ(bad, 8);
  EXPECT_GT(hits, 5);
  for (const auto& [name, value] : frame.facts)
    EXPECT_EQ(name.find("caveat"), std::string::npos) << name;
}

TEST(CalibrateFrame, MoreHitsThanCanBeAreACaveatAndNoneIsMasked) {
  const Artifact artifact = calibrate_night(Detector{}, {{"cosmic_ray_most", "0"}});
  const Frame& frame = artifact.as<Frame>();
  EXPECT_EQ(frame.facts.count("caveat_cosmic_rays"), 1U);
  EXPECT_EQ(frame.facts.at("cosmic_ray_pixels"), "0");
  for (std::ptrdiff_t i = 0; i < frame.mask.size(); ++i) {
    ASSERT_EQ(frame.mask.data()[i] & mask_bits::cosmic_ray, 0U);
  }
}

TEST(CalibrateFrame, AVarianceThatThePixelsContradictIsCorrectedAndTold) {
  const Artifact right = calibrate_night(Detector{});
  for (const double gain_error : {0.1, 10.0}) {
    const Artifact corrected = calibrate_night(Detector{}, {}, gain_error);
    const Frame& frame = corrected.as<Frame>();
    EXPECT_EQ(frame.facts.count("caveat_variance"), 1U);
    EXPECT_EQ(fact_number(frame.facts, "noise_ratio", 1.0) > 1.0, gain_error > 1.0);
    const double truth = static_cast<double>(right.as<Frame>().variance(40, 40));
    const double scale = gain_error * gain_error;
    EXPECT_NEAR(static_cast<double>(frame.variance(40, 40)) / (scale * truth), 1.0, 0.35);
  }
}

TEST(CalibrateFrame, MissingCalibrationsAreCaveats) {
  const Detector d;
  MemoryReader reader;
  const Exposure e = d.exposure(ImageType::science, "science", 120.0);
  reader.add_exposure(e, d.expose(e, 900.0, 1));
  const Artifact artifact = test::run_task(calibrate_frame_task(), reader);
  const Facts& facts = artifact.as<Frame>().facts;
  for (const char* caveat : {"caveat_no_bias", "caveat_no_dark", "caveat_no_flat"}) {
    EXPECT_EQ(facts.count(caveat), 1U) << caveat;
  }
}

TEST(CalibrateFrame, MastersOfAnotherSizeAreRefusedByName) {
  Detector small;
  small.height = 40;
  const Artifact bias = test::make_bias(small, 3);
  const Detector d;
  MemoryReader reader;
  const Exposure e = d.exposure(ImageType::science, "science7", 120.0);
  reader.add_exposure(e, d.expose(e, 900.0, 1));
  reader.add("bias", bias);
  try {
    test::run_task(calibrate_frame_task(), reader);
    FAIL();
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    EXPECT_NE(what.find("science7"), std::string::npos) << what;
    EXPECT_NE(what.find("master_bias_bias0"), std::string::npos) << what;
    EXPECT_NE(what.find("96 x 40"), std::string::npos) << what;
  }
}

TEST(CalibrateFrame, ExposuresOfTwoSizesAreNotCombined) {
  Detector small;
  small.height = 40;
  const Detector d;
  MemoryReader reader;
  const Exposure a = d.exposure(ImageType::bias, "large", 0.0);
  const Exposure b = small.exposure(ImageType::bias, "small", 0.0);
  reader.add_exposure(a, d.expose(a, 0.0, 1));
  reader.add_exposure(b, small.expose(b, 0.0, 2));
  EXPECT_THROW(test::run_task(master_bias_task(), reader), Error);
}

TEST(CalibrateFrame, ProductsAreTheSameBytesForAnyNumberOfThreads) {
  const int before = thread_count();
  set_thread_count(1);
  const Digest one = calibrate_night(Detector{}).digest();
  set_thread_count(4);
  EXPECT_EQ(calibrate_night(Detector{}).digest(), one);
  set_thread_count(before);
}

TEST(CalibrateFrame, OneAmplifierWithoutOverscanWorks) {
  Detector d;
  d.amplifiers = 1;
  Exposure e = d.exposure(ImageType::science, "science", 60.0);
  const Plane<float> raw = d.expose(e, 500.0, 3);
  e.amplifiers[0].overscan = {};
  MemoryReader reader;
  reader.add_exposure(e, raw);
  const Artifact artifact = test::run_task(calibrate_frame_task(), reader);
  EXPECT_NEAR(artifact.as<Frame>().pixels(48, 41), 2.0 * 1009.0 + 530.0, 150.0);
}

}  // namespace
}  // namespace polis
