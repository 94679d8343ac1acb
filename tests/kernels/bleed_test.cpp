#include "kernels/bleed.h"

#include <gtest/gtest.h>

#include "kernels/scene_helpers.h"

namespace polis {
namespace {

using test::Scene;

constexpr float kFullWell = 60000.0F;

/// Moves charge above the full well along the columns, as a detector does, half up and half down.
/// @return where more than 10 sigma of bled charge lies
Plane<std::uint8_t> bleed_columns(Scene& s, Plane<MaskPixel>& mask) {
  Plane<std::uint8_t> bled(s.width(), s.height());
  for (std::ptrdiff_t x = 0; x < s.width(); ++x) {
    for (const std::ptrdiff_t direction : {-1, 1}) {
      for (std::ptrdiff_t y = 0; y < s.height(); ++y) {
        float excess = 0.5F * (s.image(x, y) - kFullWell);
        for (std::ptrdiff_t k = y + direction; excess > 0.0F && k >= 0 && k < s.height();
             k += direction) {
          const float room = kFullWell - s.image(x, k);
          if (room <= 0.0F) continue;
          const float moved = std::min(room, excess);
          s.image(x, k) += moved;
          excess -= moved;
          if (moved > 1000.0F) bled(x, k) = 1;
        }
      }
    }
  }
  for (std::ptrdiff_t i = 0; i < mask.size(); ++i) {
    s.image.data()[i] = std::min(s.image.data()[i], kFullWell);
    if (s.image.data()[i] >= 0.99F * kFullWell) mask.data()[i] = mask_bits::saturated;
  }
  return bled;
}

TEST(Bleeds, AreMarkedAlongTheColumnsAndStarsAreNot) {
  Scene s(200, 400, 301);
  test::add_stars(s, 60, 300.0, 1e5, 3.0);
  test::add_star(s, 100.0, 200.0, 3e7, 3.0);
  test::expose(s);
  Plane<MaskPixel> mask(200, 400);
  const Plane<std::uint8_t> bled = bleed_columns(s, mask);
  const std::size_t count = flag_bleeds(s.image.view(), s.variance.view(), {}, mask.view());
  int truth = 0;
  int found = 0;
  int beside = 0;
  std::size_t marked = 0;
  for (std::ptrdiff_t y = 0; y < 400; ++y) {
    for (std::ptrdiff_t x = 0; x < 200; ++x) {
      const bool is_marked = (mask(x, y) & mask_bits::bleed) != 0;
      marked += is_marked ? 1U : 0U;
      // Charge inside the core is saturated anyway.
      if (bled(x, y) != 0 && std::abs(y - 200) > 12) {
        ++truth;
        found += is_marked ? 1 : 0;
      }
      if (is_marked && std::abs(x - 100) > 9) ++beside;
    }
  }
  EXPECT_EQ(count, marked);
  EXPECT_GT(truth, 100);
  EXPECT_GE(found, 0.95 * truth);
  EXPECT_EQ(beside, 0);
}

TEST(Bleeds, ARoundSaturatedStarHasNone) {
  Scene s(200, 200, 303);
  test::add_star(s, 100.3, 99.8, 4e6, 4.0);
  test::expose(s);
  Plane<MaskPixel> mask(200, 200);
  for (std::ptrdiff_t i = 0; i < mask.size(); ++i) {
    if (s.image.data()[i] < kFullWell) continue;
    s.image.data()[i] = kFullWell;
    mask.data()[i] = mask_bits::saturated;
  }
  EXPECT_LE(flag_bleeds(s.image.view(), s.variance.view(), {}, mask.view()), 4U);
}

TEST(Bleeds, DegenerateImagesAreSurvived) {
  for (const std::ptrdiff_t size : {0, 1, 3, 20}) {
    const Plane<float> image(size, size, kFullWell);
    Plane<MaskPixel> mask(size, size, mask_bits::saturated);
    flag_bleeds(image.view(), image.view(), {}, mask.view());
    Plane<MaskPixel> clear(size, size);
    EXPECT_EQ(flag_bleeds(image.view(), image.view(), {}, clear.view()), 0U);
  }
}

}  // namespace
}  // namespace polis
