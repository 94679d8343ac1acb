#include "kernels/cosmic_rays.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/fits_file_helpers.h"
#include "kernels/laplacian.h"
#include "kernels/median_filter.h"
#include "kernels/parallel.h"
#include "kernels/scale.h"
#include "kernels/scene_helpers.h"
#include "kernels/star_shape.h"

namespace polis {
namespace {

using test::Scene;

float median_of(std::vector<float> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

float clamped(View<const float> image, std::ptrdiff_t x, std::ptrdiff_t y) {
  return image(std::clamp<std::ptrdiff_t>(x, 0, image.width - 1),
               std::clamp<std::ptrdiff_t>(y, 0, image.height - 1));
}

Plane<float> noise_plane(std::ptrdiff_t w, std::ptrdiff_t h) {
  Plane<float> plane(w, h);
  RandomStream stream(41, "plane");
  for (std::ptrdiff_t y = 0; y < h; ++y) {
    for (std::ptrdiff_t x = 0; x < w; ++x)
      plane(x, y) = static_cast<float>(100.0 + 10.0 * stream.normal());
  }
  return plane;
}

/// A filter applied to every pixel of a plane, beyond whose border the nearest pixel stands.
template <class Filter>
Plane<float> filtered(const Plane<float>& in, Filter&& filter) {
  Plane<float> out(in.width(), in.height());
  for (std::ptrdiff_t y = 0; y < in.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < in.width(); ++x) out(x, y) = filter(in.view(), x, y);
  }
  return out;
}

Plane<float> line_median(const Plane<float>& in, std::ptrdiff_t radius, bool along_x) {
  return filtered(in, [&](View<const float> v, std::ptrdiff_t x, std::ptrdiff_t y) {
    std::vector<float> values;
    for (std::ptrdiff_t k = -radius; k <= radius; ++k) {
      values.push_back(clamped(v, along_x ? x + k : x, along_x ? y : y + k));
    }
    return median_of(values);
  });
}

Plane<float> separable_reference(const Plane<float>& in, std::ptrdiff_t radius) {
  return line_median(line_median(in, radius, true), radius, false);
}

Plane<float> median_9_reference(const Plane<float>& in) {
  return filtered(in, [&](View<const float> v, std::ptrdiff_t x, std::ptrdiff_t y) {
    std::vector<float> values;
    for (std::ptrdiff_t k = 0; k < 9; ++k)
      values.push_back(clamped(v, x + k % 3 - 1, y + k / 3 - 1));
    return median_of(values);
  });
}

TEST(MedianFilter, EqualsSorting) {
  const Plane<float> in = noise_plane(83, 29);
  Plane<float> three(81, 27);
  median_3x3(in.view(), three.view());
  const Plane<float> expected = median_9_reference(in);
  for (std::ptrdiff_t y = 0; y < 27; ++y) {
    for (std::ptrdiff_t x = 0; x < 81; ++x) ASSERT_EQ(three(x, y), expected(x + 1, y + 1));
  }
  for (const std::ptrdiff_t radius : {2, 3}) {
    Plane<float> out(83 - 2 * radius, 29 - 2 * radius);
    Plane<float> scratch(83 - 2 * radius, 29);
    (radius == 2 ? median_separable_5 : median_separable_7)(in.view(), scratch.view(), out.view());
    const Plane<float> reference = separable_reference(in, radius);
    for (std::ptrdiff_t y = 0; y < out.height(); ++y) {
      for (std::ptrdiff_t x = 0; x < out.width(); ++x) {
        ASSERT_EQ(out(x, y), reference(x + radius, y + radius)) << radius;
      }
    }
  }
}

/// The images of van Dokkum (2001) by the book: the image is blown up, filtered with the Laplacian,
/// clipped and shrunk.
struct Reference {
  Plane<float> significance, structure;
};

Reference laplacian_reference(const Plane<float>& image, const Plane<float>& variance) {
  const std::ptrdiff_t w = image.width();
  const std::ptrdiff_t h = image.height();
  const Plane<float> noise2 = separable_reference(variance, 2);
  Plane<float> big(2 * w, 2 * h);
  for (std::ptrdiff_t y = 0; y < 2 * h; ++y) {
    for (std::ptrdiff_t x = 0; x < 2 * w; ++x) big(x, y) = image(x / 2, y / 2);
  }
  const Plane<float> laplacian =
      filtered(big, [](View<const float> v, std::ptrdiff_t x, std::ptrdiff_t y) {
        const float sum = clamped(v, x - 1, y) + clamped(v, x + 1, y) + clamped(v, x, y - 1) +
                          clamped(v, x, y + 1);
        return std::max(0.0F, 4.0F * v(x, y) - sum);
      });
  Plane<float> significance(w, h);
  for (std::ptrdiff_t y = 0; y < h; ++y) {
    for (std::ptrdiff_t x = 0; x < w; ++x) {
      const float mean = 0.25F * (laplacian(2 * x, 2 * y) + laplacian(2 * x + 1, 2 * y) +
                                  laplacian(2 * x, 2 * y + 1) + laplacian(2 * x + 1, 2 * y + 1));
      significance(x, y) = mean / (2.0F * std::sqrt(noise2(x, y)));
    }
  }
  const Plane<float> smooth = separable_reference(significance, 2);
  const Plane<float> fine = median_9_reference(image);
  const Plane<float> coarse = separable_reference(fine, 3);
  Reference result{significance, fine};
  for (std::ptrdiff_t i = 0; i < fine.size(); ++i) {
    result.significance.data()[i] -= smooth.data()[i];
    const float structure = (fine.data()[i] - coarse.data()[i]) / std::sqrt(noise2.data()[i]);
    result.structure.data()[i] = std::max(0.01F, structure);
  }
  return result;
}

TEST(LaplacianTile, EqualsTheImagesOfThePaper) {
  const Plane<float> image = noise_plane(60, 50);
  Plane<float> variance = noise_plane(60, 50);
  const Reference expected = laplacian_reference(image, variance);
  const LaplacianTile tile = laplacian_tile(image.view(), variance.view(), 12, 10, 30, 25);
  for (std::ptrdiff_t y = 0; y < 25; ++y) {
    for (std::ptrdiff_t x = 0; x < 30; ++x) {
      ASSERT_NEAR(tile.significance(x + 2, y + 2), expected.significance(x + 12, y + 10), 1e-4);
      ASSERT_NEAR(tile.structure(x + 2, y + 2), expected.structure(x + 12, y + 10), 1e-4);
    }
  }
}

Plane<MaskPixel> find(const Scene& s, const CosmicRayOptions& options = {}) {
  Plane<MaskPixel> mask(s.width(), s.height());
  find_cosmic_rays(s.image.view(), s.variance.view(), options, mask.view());
  return mask;
}

test::HitScore score(const Scene& s) {
  const Plane<MaskPixel> mask = find(s);
  return test::score_hits(s, [&](std::ptrdiff_t x, std::ptrdiff_t y) {
    return (mask(x, y) & mask_bits::cosmic_ray) != 0;
  });
}

TEST(CosmicRays, AreFoundAndStarsStayWhole) {
  for (const double fwhm : {2.0, 3.0, 4.5}) {
    Scene s(512, 512, 101);
    test::add_stars(s, 300, 400.0, 3e5, fwhm);
    test::add_hits(s, 100);
    test::expose(s);
    const test::HitScore result = score(s);
    EXPECT_GE(result.recall(), 0.95) << fwhm;
    EXPECT_LE(result.star_loss(), 0.001) << fwhm;
    EXPECT_LE(result.other_lost, 26U) << fwhm;  // 100 per Mpix
  }
}

TEST(CosmicRays, NoneAreFoundWhereThereAreNone) {
  Scene s(400, 400, 103);
  test::add_stars(s, 400, 1000.0, 3e5, 1.8);
  test::expose(s);
  const test::HitScore result = score(s);
  EXPECT_LE(result.star_lost + result.other_lost, 30U);
}

TEST(CosmicRays, DefectsAndSaturatedStarsAreNotMarked) {
  Scene s(128, 128, 105);
  test::add_star(s, 64.0, 64.0, 3e6, 3.0);
  test::expose(s);
  Plane<MaskPixel> mask(128, 128);
  for (std::ptrdiff_t y = 0; y < 128; ++y) {
    for (std::ptrdiff_t x = 0; x < 128; ++x) {
      if (s.image(x, y) < 60000.0F) continue;
      s.image(x, y) = 60000.0F;
      mask(x, y) = mask_bits::saturated;
    }
  }
  s.image(20, 20) = 5000.0F;
  mask(20, 20) = mask_bits::hot;
  find_cosmic_rays(s.image.view(), s.variance.view(), {.fwhm_px = 3.0}, mask.view());
  EXPECT_EQ(mask(20, 20), mask_bits::hot);
  int marked = 0;
  for (std::ptrdiff_t i = 0; i < mask.size(); ++i) {
    marked += (mask.data()[i] & mask_bits::cosmic_ray) != 0 ? 1 : 0;
  }
  EXPECT_LE(marked, 2);
}

std::size_t marked_in(const Plane<MaskPixel>& mask) {
  return count_masked(mask.view(), mask_bits::cosmic_ray);
}

TEST(CosmicRays, StarsAtTheBorderAndBesideLostColumnsStayWhole) {
  Scene s(160, 160, 111);
  for (int k = 0; k < 8; ++k) {
    const double along = 12.0 + 19.0 * k;
    const double flux = 3e4 * (1 + k);
    test::add_star(s, 0.3 * k, along, flux, 2.5);
    test::add_star(s, along + 3.0, 159.0 - 0.3 * k, flux, 2.5);
    test::add_star(s, 80.0 + 0.4 * k, along, flux, 2.5);
  }
  test::expose(s);
  Plane<MaskPixel> mask(160, 160);
  for (std::ptrdiff_t y = 0; y < 160; ++y) {
    for (std::ptrdiff_t x = 77; x < 80; ++x) {
      mask(x, y) = mask_bits::no_data;
      s.image(x, y) = 0.0F;
    }
  }
  find_cosmic_rays(s.image.view(), s.variance.view(), {}, mask.view());
  EXPECT_LE(marked_in(mask), 2U);
}

TEST(CosmicRays, HitsAtTheBorderAndBesideLostColumnsAreFound) {
  Scene s(160, 160, 113);
  test::add_stars(s, 30, 3e3, 1e5, 2.5);
  Plane<MaskPixel> mask(160, 160);
  for (std::ptrdiff_t y = 0; y < 160; ++y) mask(80, y) = mask_bits::no_data;
  for (std::ptrdiff_t k = 5; k < 155; k += 15) {
    s.hits(0, k) += 2000.0F;
    s.hits(81, k) += 2000.0F;
    s.hits(k + 3, 159) += 2000.0F;
  }
  test::expose(s);
  find_cosmic_rays(s.image.view(), s.variance.view(), {}, mask.view());
  int found = 0;
  for (std::ptrdiff_t k = 5; k < 155; k += 15) {
    for (const MaskPixel bits : {mask(0, k), mask(81, k), mask(k + 3, 159)})
      found += (bits & mask_bits::cosmic_ray) != 0 ? 1 : 0;
  }
  EXPECT_GE(found, 29);
}

TEST(CosmicRays, AHitInAStarsWingDoesNotTakeTheStar) {
  Scene s(200, 200, 115);
  for (int k = 0; k < 25; ++k) {
    const double x = 20.0 + 40.0 * (k % 5), y = 20.0 + 40.0 * (k / 5);
    test::add_star(s, x + 0.1 * (k % 3), y, 2e5, 3.0);
    s.hits(static_cast<std::ptrdiff_t>(x) + 3, static_cast<std::ptrdiff_t>(y) + 1) = 5000.0F;
  }
  test::expose(s);
  const Plane<MaskPixel> mask = find(s, {.fwhm_px = 3.0});
  for (int k = 0; k < 25; ++k) {
    const std::ptrdiff_t x = 20 + 40 * (k % 5), y = 20 + 40 * (k / 5);
    EXPECT_NE(mask(x + 3, y + 1) & mask_bits::cosmic_ray, 0U) << k;
    for (std::ptrdiff_t i = 0; i < 9; ++i)
      EXPECT_EQ(mask(x - 1 + i % 3, y - 1 + i / 3) & mask_bits::cosmic_ray, 0U) << k << " " << i;
  }
}

TEST(CosmicRays, NeighboursOfADarkPixelAreNoHits) {
  Scene s(200, 200, 117);
  test::expose(s);
  for (std::ptrdiff_t i = 3; i < s.image.size(); i += 397) s.image.data()[i] = 0.0F;
  EXPECT_LE(marked_in(find(s)), 4U);  // of 400: noise makes some bright
}

TEST(CosmicRays, AreTheSameForAnyNumberOfThreads) {
  Scene s(300, 260, 107);
  test::add_stars(s, 100, 400.0, 3e5, 2.5);
  test::add_hits(s, 80);
  test::expose(s);
  const int before = thread_count();
  set_thread_count(1);
  const Plane<MaskPixel> one = find(s);
  for (const int threads : {2, 4}) {
    set_thread_count(threads);
    EXPECT_EQ(find(s), one) << threads;
  }
  set_thread_count(before);
}

TEST(CosmicRays, DegenerateImagesAreSurvived) {
  for (const std::ptrdiff_t size : {0, 1, 2, 5}) {
    for (const float value : {0.0F, 7.0F}) {
      const Plane<float> image(size, size, value);
      Plane<MaskPixel> mask(size, size);
      EXPECT_EQ(find_cosmic_rays(image.view(), image.view(), {}, mask.view()).pixels, 0U);
    }
  }
  Plane<float> image(40, 40, 5.0F);
  Plane<MaskPixel> mask(40, 40, mask_bits::no_data);
  EXPECT_EQ(find_cosmic_rays(image.view(), image.view(), {}, mask.view()).pixels, 0U);
}

TEST(CosmicRays, BothOfARealSpectrumAreFoundAndNothingElse) {
  const std::string path = std::string(POLIS_REAL_DATA_DIR) + "/gmos-cosmic-rays/gmos.fits";
  const auto adu = test::read_plain_fits(path, 1);
  if (!adu) GTEST_SKIP() << "skipped: no real data";
  constexpr float kGain = 1.933F;
  constexpr float kReadNoise = 4.24F;
  Plane<float> image = *adu;
  Plane<float> variance = *adu;
  for (std::ptrdiff_t i = 0; i < image.size(); ++i) {
    image.data()[i] *= kGain;
    variance.data()[i] = std::max(0.0F, image.data()[i]) + kReadNoise * kReadNoise;
  }
  Plane<MaskPixel> mask(image.width(), image.height());
  find_cosmic_rays(image.view(), variance.view(), {}, mask.view());
  // Two tracks: one at the bottom left, one across the bright spectrum; see the picture of the
  // frame.
  int first = 0;
  int second = 0;
  int other = 0;
  for (std::ptrdiff_t y = 0; y < mask.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < mask.width(); ++x) {
      if ((mask(x, y) & mask_bits::cosmic_ray) == 0) continue;
      const bool in_first = x > 30 && x < 48 && y > 110;
      const bool in_second = x > 138 && x < 166 && y > 36 && y < 76;
      (in_first ? first : in_second ? second : other) += 1;
    }
  }
  EXPECT_NEAR(first, 74, 20);
  EXPECT_NEAR(second, 93, 20);
  EXPECT_LE(other, 6);
}

TEST(StarShape, WidthOfStarsIsEstimatedDespiteHits) {
  for (const double fwhm : {1.6, 2.5, 4.0}) {
    Scene s(512, 512, 109);
    test::add_stars(s, 300, 3000.0, 3e5, fwhm);
    test::add_hits(s, 200);
    test::expose(s);
    EXPECT_NEAR(estimate_star_fwhm(s.image.view(), s.variance.view(), {}, 9.0), fwhm, 0.15 * fwhm);
  }
  const Plane<float> flat(50, 50, 100.0F);
  EXPECT_EQ(estimate_star_fwhm(flat.view(), flat.view(), {}, 9.0), 9.0);
}

}  // namespace
}  // namespace polis
