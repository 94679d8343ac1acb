#include "kernels/defects.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/random.h"

namespace polis {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Plane<float> noise(std::ptrdiff_t width, std::ptrdiff_t height, double level, double sigma) {
  Plane<float> plane(width, height);
  RandomStream stream(21, "master");
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    for (std::ptrdiff_t x = 0; x < width; ++x) {
      plane(x, y) = static_cast<float>(level + sigma * stream.normal());
    }
  }
  return plane;
}

std::size_t flagged(const Plane<MaskPixel>& mask, MaskPixel bit) {
  std::size_t count = 0;
  for (std::ptrdiff_t y = 0; y < mask.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < mask.width(); ++x) count += (mask(x, y) & bit) != 0 ? 1U : 0U;
  }
  return count;
}

TEST(HotPixels, AreFoundAlsoInAGlowAndNothingElseIs) {
  Plane<float> dark = noise(300, 200, 0.1, 0.01);
  for (std::ptrdiff_t y = 0; y < 200; ++y) {
    for (std::ptrdiff_t x = 0; x < 300; ++x) dark(x, y) += 0.002F * static_cast<float>(x + y);
  }
  RandomStream stream(22, "hot");
  std::size_t placed = 0;
  Plane<MaskPixel> truth(300, 200);
  while (placed < 200) {
    const auto x = static_cast<std::ptrdiff_t>(stream.below(300));
    const auto y = static_cast<std::ptrdiff_t>(stream.below(200));
    if (truth(x, y) != 0) continue;
    truth(x, y) = mask_bits::hot;
    dark(x, y) += static_cast<float>(stream.uniform(1.5, 20.0));
    ++placed;
  }
  Plane<MaskPixel> mask(300, 200);
  const std::size_t count = flag_hot_pixels(dark.view(), {}, {}, mask.view());
  EXPECT_EQ(count, flagged(mask, mask_bits::hot));
  std::size_t found = 0;
  for (std::ptrdiff_t y = 0; y < 200; ++y) {
    for (std::ptrdiff_t x = 0; x < 300; ++x) found += (truth(x, y) & mask(x, y)) != 0 ? 1U : 0U;
  }
  EXPECT_GE(found, 198U);
  EXPECT_LE(flagged(mask, mask_bits::hot) - found, 1U);
}

TEST(Response, DeadLowAndVignettedPixelsAreTold) {
  Plane<float> flat = noise(100, 100, 1.0, 0.01);
  flat(10, 10) = 0.3F;
  flat(20, 20) = 0.7F;
  flat(30, 30) = kNan;
  flat(40, 40) = -0.1F;
  flat(50, 50) = 1.8F;
  for (std::ptrdiff_t x = 0; x < 100; ++x) flat(x, 99) = 0.1F;
  Plane<MaskPixel> mask(100, 100);
  EXPECT_EQ(flag_response(flat.view(), {}, mask.view()), 104U);
  EXPECT_TRUE(mask(10, 10) & mask_bits::bad);
  EXPECT_EQ(mask(20, 20), mask_bits::suspect);
  EXPECT_TRUE(mask(30, 30) & mask_bits::bad);
  EXPECT_TRUE(mask(40, 40) & mask_bits::bad);
  EXPECT_TRUE(mask(50, 50) & mask_bits::bad);
  EXPECT_TRUE(mask(7, 99) & mask_bits::edge);
  EXPECT_EQ(mask(60, 60), 0U);
}

TEST(BadColumns, AreFoundWholeAndInPart) {
  Plane<float> bias = noise(200, 1024, 0.0, 1.0);
  for (std::ptrdiff_t y = 0; y < 1024; ++y) bias(33, y) += 2.0F;
  for (std::ptrdiff_t y = 512; y < 1024; ++y) bias(77, y) -= 3.0F;
  Plane<MaskPixel> mask(200, 1024);
  EXPECT_EQ(flag_bad_columns(bias.view(), {}, mask.view()), 1024U + 512U);
  EXPECT_TRUE(mask(33, 0) & mask_bits::bad);
  EXPECT_EQ(mask(77, 0), 0U);
  EXPECT_TRUE(mask(77, 900) & mask_bits::bad);
}

TEST(Defects, SurviveDegenerateImages) {
  for (const float value : {kNan, 0.0F, 1.0F}) {
    const Plane<float> image(1, 1, value);
    Plane<MaskPixel> mask(1, 1);
    EXPECT_EQ(flag_hot_pixels(image.view(), {}, {}, mask.view()), 0U);
    EXPECT_EQ(flag_bad_columns(image.view(), {}, mask.view()), 0U);
    EXPECT_EQ(flag_response(image.view(), {}, mask.view()), value > 0.0F ? 0U : 1U);
  }
  EXPECT_EQ(flag_hot_pixels({}, {}, {}, {}), 0U);
  EXPECT_EQ(flag_response({}, {}, {}), 0U);
  const Plane<float> constant(50, 50, 3.0F);
  Plane<MaskPixel> mask(50, 50);
  EXPECT_EQ(flag_hot_pixels(constant.view(), {}, {}, mask.view()), 0U);
  EXPECT_EQ(flag_bad_columns(constant.view(), {}, mask.view()), 0U);
}

}  // namespace
}  // namespace polis
