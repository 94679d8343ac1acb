#include "kernels/calibrate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Scene {
  Plane<float> raw, bias, bias_variance, dark, dark_variance, flat, flat_variance;
  Plane<MaskPixel> bias_mask, dark_mask, flat_mask;
  std::vector<float> overscan, linearity;
  CalibrateInput input() const {
    CalibrateInput in;
    in.raw = raw.view();
    in.overscan = overscan;
    in.bias = {bias.view(), bias_variance.view(), bias_mask.view()};
    in.dark = {dark.view(), dark_variance.view(), dark_mask.view()};
    in.flat = {flat.view(), flat_variance.view(), flat_mask.view()};
    in.dark_scale = 120.0F;
    in.linearity = linearity;
    in.gain_e_per_adu = 1.7F;
    in.read_noise_e = 6.0F;
    in.saturation_adu = 60000.0F;
    in.nonlinear_adu = 45000.0F;
    return in;
  }
};

Plane<float> uniform(std::ptrdiff_t w, std::ptrdiff_t h, double low, double high,
                     std::string_view name) {
  Plane<float> plane(w, h);
  RandomStream stream(5, name);
  for (std::ptrdiff_t y = 0; y < h; ++y) {
    for (std::ptrdiff_t x = 0; x < w; ++x)
      plane(x, y) = static_cast<float>(stream.uniform(low, high));
  }
  return plane;
}

Scene make_scene(std::ptrdiff_t w, std::ptrdiff_t h) {
  Scene s{uniform(w, h, 900.0, 65535.0, "raw"),
          uniform(w, h, -5.0, 5.0, "bias"),
          uniform(w, h, 0.1, 1.0, "bias_variance"),
          uniform(w, h, 0.0, 2.0, "dark"),
          uniform(w, h, 0.0, 1e-3, "dark_variance"),
          uniform(w, h, 0.5, 1.2, "flat"),
          uniform(w, h, 1e-6, 1e-5, "flat_variance"),
          Plane<MaskPixel>(w, h),
          Plane<MaskPixel>(w, h),
          Plane<MaskPixel>(w, h),
          {},
          {1e-6F, -3e-12F}};
  RandomStream stream(6, "levels");
  for (std::ptrdiff_t y = 0; y < h; ++y) {
    s.overscan.push_back(static_cast<float>(stream.uniform(990.0, 1010.0)));
  }
  s.raw(3, 2) = kNan;
  s.raw(4, 2) = kInfinity;
  s.bias(5, 2) = kNan;
  s.flat(6, 2) = 0.0F;
  s.flat(7, 2) = kNan;
  s.flat_variance(8, 2) = kInfinity;
  s.bias_mask(9, 2) = mask_bits::bad;
  s.dark_mask(9, 2) = mask_bits::hot;
  s.flat_mask(9, 2) = mask_bits::suspect;
  return s;
}

struct Result {
  Plane<float> pixels, variance;
  Plane<MaskPixel> mask;
  bool operator==(const Result&) const = default;
};

Result run(const CalibrateInput& in) {
  Result r{Plane<float>(in.raw.width, in.raw.height), Plane<float>(in.raw.width, in.raw.height),
           Plane<MaskPixel>(in.raw.width, in.raw.height)};
  calibrate(in, {r.pixels.view(), r.variance.view(), r.mask.view()});
  return r;
}

struct Expected {
  double value, variance;
  MaskPixel mask;
};

/// One pixel, as the comment of calibrate() says, in double precision.
Expected reference(const Scene& s, const CalibrateInput& in, std::ptrdiff_t x, std::ptrdiff_t y) {
  const double gain = static_cast<double>(in.gain_e_per_adu);
  const double z = static_cast<double>(s.raw(x, y)) -
                   static_cast<double>(s.overscan[static_cast<std::size_t>(y)]) -
                   static_cast<double>(s.bias(x, y));
  double adu = z;
  double slope = 1.0;
  for (std::size_t i = 0; i < s.linearity.size(); ++i) {
    const double n = static_cast<double>(i) + 2.0;
    adu += static_cast<double>(s.linearity[i]) * std::pow(z, n);
    slope += n * static_cast<double>(s.linearity[i]) * std::pow(z, n - 1.0);
  }
  MaskPixel mask = s.bias_mask(x, y) | s.dark_mask(x, y) | s.flat_mask(x, y);
  if (s.raw(x, y) >= in.saturation_adu) mask |= mask_bits::saturated;
  if (s.raw(x, y) >= in.nonlinear_adu) mask |= mask_bits::suspect;
  double flat = static_cast<double>(s.flat(x, y));
  if (!(flat > static_cast<double>(in.min_flat))) {
    mask |= mask_bits::bad;
    flat = 1.0;
  }
  const double t = static_cast<double>(in.dark_scale);
  const double read = static_cast<double>(in.read_noise_e);
  const double value = gain * (adu - t * static_cast<double>(s.dark(x, y))) / flat;
  const double noise =
      gain * std::max(adu, 0.0) +
      slope * slope * (read * read + gain * gain * static_cast<double>(s.bias_variance(x, y))) +
      gain * gain * t * t * static_cast<double>(s.dark_variance(x, y));
  const double variance =
      (noise + value * value * static_cast<double>(s.flat_variance(x, y))) / (flat * flat);
  if (std::isfinite(value) && std::isfinite(variance)) return {value, variance, mask};
  return {0.0, read * read, mask | mask_bits::no_data};
}

TEST(Calibrate, EqualsTheFormulaPixelByPixel) {
  const Scene s = make_scene(101, 37);
  const CalibrateInput in = s.input();
  const Result r = run(in);
  for (std::ptrdiff_t y = 0; y < 37; ++y) {
    for (std::ptrdiff_t x = 0; x < 101; ++x) {
      const Expected e = reference(s, in, x, y);
      ASSERT_NEAR(r.pixels(x, y), e.value, 1e-5 * std::abs(e.value) + 0.02) << x << " " << y;
      ASSERT_NEAR(r.variance(x, y), e.variance, 1e-4 * e.variance) << x << " " << y;
      ASSERT_EQ(r.mask(x, y), e.mask) << x << " " << y;
    }
  }
}

TEST(Calibrate, MarksWhatIsNotThere) {
  const Scene s = make_scene(32, 8);
  const Result r = run(s.input());
  for (const std::ptrdiff_t x : {3, 4, 5, 8}) {
    EXPECT_TRUE(r.mask(x, 2) & mask_bits::no_data) << x;
    EXPECT_EQ(r.pixels(x, 2), 0.0F);
    EXPECT_FLOAT_EQ(r.variance(x, 2), 36.0F);
  }
  EXPECT_TRUE(r.mask(6, 2) & mask_bits::bad);
  EXPECT_TRUE(r.mask(7, 2) & mask_bits::bad);
  const MaskPixel passed = mask_bits::bad | mask_bits::hot | mask_bits::suspect;
  EXPECT_EQ(r.mask(9, 2) & passed, passed);
}

TEST(Calibrate, NeedsNoMasters) {
  Plane<float> raw(5, 4, 100.0F);
  CalibrateInput in;
  in.raw = raw.view();
  in.gain_e_per_adu = 2.0F;
  in.read_noise_e = 3.0F;
  const Result r = run(in);
  EXPECT_FLOAT_EQ(r.pixels(4, 3), 200.0F);
  EXPECT_FLOAT_EQ(r.variance(4, 3), 209.0F);
  EXPECT_EQ(r.mask(4, 3), 0U);
}

TEST(Calibrate, GivesTheSameBytesForAnyNumberOfThreads) {
  const Scene s = make_scene(130, 140);
  const int before = thread_count();
  set_thread_count(1);
  const Result one = run(s.input());
  for (const int threads : {2, 4}) {
    set_thread_count(threads);
    EXPECT_EQ(run(s.input()), one) << threads;
  }
  set_thread_count(before);
}

TEST(Calibrate, VarianceIsThatOfRepeatedExposures) {
  constexpr int kPixels = 40000;
  const double gain = 2.5;
  const double charge = 900.0;
  Plane<float> raw(kPixels, 1);
  RandomStream stream(8, "exposure");
  for (std::ptrdiff_t x = 0; x < kPixels; ++x) {
    const double electrons = static_cast<double>(stream.poisson(charge)) + 5.0 * stream.normal();
    raw(x, 0) = static_cast<float>(electrons / gain);
  }
  const Plane<float> flat(kPixels, 1, 0.8F);
  CalibrateInput in;
  in.raw = raw.view();
  in.flat.pixels = flat.view();
  in.gain_e_per_adu = static_cast<float>(gain);
  in.read_noise_e = 5.0F;
  const Result r = run(in);
  double sum = 0.0;
  double squares = 0.0;
  double claimed = 0.0;
  for (std::ptrdiff_t x = 0; x < kPixels; ++x) {
    const double v = static_cast<double>(r.pixels(x, 0));
    sum += v;
    squares += v * v;
    claimed += static_cast<double>(r.variance(x, 0));
  }
  const double mean = sum / kPixels;
  const double measured = squares / kPixels - mean * mean;
  EXPECT_NEAR(claimed / kPixels / measured, 1.0, 5.0 * std::sqrt(2.0 / kPixels));
}

TEST(BlankMasked, BlanksOnlyTheNamedBits) {
  Plane<float> pixels(3, 1, 1.0F);
  Plane<MaskPixel> mask(3, 1);
  mask(1, 0) = mask_bits::saturated;
  mask(2, 0) = mask_bits::suspect;
  blank_masked(pixels.view(), mask.view(), mask_bits::saturated);
  EXPECT_EQ(pixels(0, 0), 1.0F);
  EXPECT_TRUE(std::isnan(pixels(1, 0)));
  EXPECT_EQ(pixels(2, 0), 1.0F);
}

}  // namespace
}  // namespace polis
