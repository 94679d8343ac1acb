#include "kernels/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/random.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

struct Position {
  double x, y;
};

struct Image {
  Plane<float> pixels, variance;
  Plane<MaskPixel> mask;
  Image(std::ptrdiff_t w, std::ptrdiff_t h) : pixels(w, h), variance(w, h, 1.0F), mask(w, h) {}
  ResampleInput input() const { return {pixels.view(), variance.view(), mask.view()}; }
  ResampleOutput output() { return {pixels.view(), variance.view(), mask.view()}; }
};

void add_star(Image& image, double x0, double y0, double flux, double sigma) {
  for (std::ptrdiff_t y = 0; y < image.pixels.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < image.pixels.width(); ++x) {
      const double dx = static_cast<double>(x) - x0, dy = static_cast<double>(y) - y0;
      image.pixels(x, y) +=
          static_cast<float>(flux * std::exp(-0.5 * (dx * dx + dy * dy) / (sigma * sigma)) /
                             (2.0 * std::numbers::pi * sigma * sigma));
    }
  }
}

struct Moments {
  double flux = 0.0, x = 0.0, y = 0.0;
};
Moments moments(const Image& image) {
  Moments m;
  for (std::ptrdiff_t y = 0; y < image.pixels.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < image.pixels.width(); ++x) {
      const double value = std::isfinite(image.pixels(x, y)) ? image.pixels(x, y) : 0.0;
      m.flux += value;
      m.x += value * static_cast<double>(x);
      m.y += value * static_cast<double>(y);
    }
  }
  m.x /= m.flux;
  m.y /= m.flux;
  return m;
}

Image noise(std::ptrdiff_t w, std::ptrdiff_t h) {
  Image image(w, h);
  RandomStream random(7, "resample", 0);
  for (float* p = image.pixels.data(); p != image.pixels.data() + image.pixels.size(); ++p)
    *p = static_cast<float>(random.normal());
  for (float* v = image.variance.data(); v != image.variance.data() + image.variance.size(); ++v)
    *v = static_cast<float>(random.uniform(0.5, 2.0));
  return image;
}

double lanczos3(double t) {
  if (t == 0.0) return 1.0;
  if (std::abs(t) >= 3.0) return 0.0;
  const double a = std::numbers::pi * t;
  return 3.0 * std::sin(a) * std::sin(a / 3.0) / (a * a);
}

/// Plain sums over all pixels, for maps that do not shrink and images without a mask.
Position naive(const Image& image, Position p, double area) {
  double value = 0.0, variance = 0.0, wx = 0.0, wy = 0.0;
  for (int k = -4; k <= 4; ++k) {
    wx += lanczos3(std::floor(p.x) + k - p.x);
    wy += lanczos3(std::floor(p.y) + k - p.y);
  }
  for (std::ptrdiff_t y = 0; y < image.pixels.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < image.pixels.width(); ++x) {
      const double w =
          lanczos3(static_cast<double>(x) - p.x) / wx * lanczos3(static_cast<double>(y) - p.y) / wy;
      value += w * static_cast<double>(image.pixels(x, y));
      variance += w * w * static_cast<double>(image.variance(x, y));
    }
  }
  return {area * value, area * area * variance};
}

TEST(Resample, TheSameGridGivesTheSamePixels) {
  const Image image = noise(61, 47);
  Image out(61, 47);
  PixelMap map(61, 47);
  map.fill([](double x, double y) { return Position{x, y}; });
  resample(image.input(), map, out.output());
  for (std::ptrdiff_t y = 3; y < 44; ++y) {
    for (std::ptrdiff_t x = 3; x < 58; ++x) {
      ASSERT_NEAR(out.pixels(x, y), image.pixels(x, y), 1e-5);
      ASSERT_NEAR(out.variance(x, y), image.variance(x, y), 1e-5);
      ASSERT_EQ(out.mask(x, y), 0U);
    }
  }
}

TEST(Resample, AgreesWithPlainSums) {
  const Image image = noise(80, 70);
  PixelMap map(60, 50, 4);
  // Linear in x and y: the map between nodes is exact.
  const auto place = [](double x, double y) {
    return Position{12.3 + 0.9 * x + 0.2 * y, 6.1 - 0.2 * x + 0.95 * y};
  };
  map.fill(place);
  Image out(60, 50);
  resample(image.input(), map, out.output());
  const double area = 0.9 * 0.95 + 0.2 * 0.2;
  int compared = 0;
  for (std::ptrdiff_t y = 0; y < 50; ++y) {
    for (std::ptrdiff_t x = 0; x < 60; ++x) {
      const Position p = place(static_cast<double>(x), static_cast<double>(y));
      if (p.x < 4 || p.y < 4 || p.x > 75 || p.y > 65) continue;
      const Position expected = naive(image, p, area);
      // The tabulated phase is within half of 1/1024 pixel.
      ASSERT_NEAR(out.pixels(x, y), expected.x, 6e-3) << x << ' ' << y;
      ASSERT_NEAR(out.variance(x, y), expected.y, 6e-3) << x << ' ' << y;
      ++compared;
    }
  }
  EXPECT_GT(compared, 1500);
}

TEST(Resample, KeepsTheLightOfAStarAndPutsItWhereItBelongs) {
  for (const double scale : {0.6, 1.0, 1.7, 3.0}) {
    Image image(200, 200);
    add_star(image, 97.37, 102.81, 1000.0, 3.0 * std::max(1.0, scale));
    PixelMap map(160, 160);
    const double c = std::cos(0.4) * scale, s = std::sin(0.4) * scale;
    map.fill([&](double x, double y) {
      const double u = x - 80.0, v = y - 80.0;
      return Position{100.0 + c * u - s * v, 100.0 + s * u + c * v};
    });
    Image out(160, 160);
    resample(image.input(), map, out.output());
    const Moments m = moments(out);
    const double dx = 97.37 - 100.0, dy = 102.81 - 100.0, n = scale * scale;
    EXPECT_NEAR(m.flux, 1000.0, 1.0) << scale;
    EXPECT_NEAR(m.x, 80.0 + (c * dx + s * dy) / n, 0.003) << scale;
    EXPECT_NEAR(m.y, 80.0 + (-s * dx + c * dy) / n, 0.003) << scale;
  }
}

TEST(Resample, LostPixelsAreMadeUpForOrTold) {
  Image image = noise(60, 60);
  for (float* p = image.pixels.data(); p != image.pixels.data() + image.pixels.size(); ++p)
    *p = 5.0F;
  image.mask(20, 20) = mask_bits::cosmic_ray;
  image.pixels(20, 20) = 1e6F;
  image.pixels(40, 40) = std::nanf("");
  image.mask(30, 10) = mask_bits::saturated;
  PixelMap map(60, 60);
  map.fill([](double x, double y) { return Position{x + 0.3, y}; });
  Image out(60, 60);
  resample(image.input(), map, out.output());
  // 0.7 of its light would come from the hit.
  EXPECT_TRUE(std::isnan(out.pixels(20, 20)));
  EXPECT_EQ(out.mask(20, 20), mask_bits::no_data | mask_bits::cosmic_ray);
  EXPECT_TRUE(std::isnan(out.pixels(40, 40)));
  // Two pixels on, it has little weight.
  EXPECT_NEAR(out.pixels(22, 20), 5.0F, 1e-4);
  EXPECT_EQ(out.mask(22, 20), mask_bits::interpolated);
  EXPECT_NEAR(out.pixels(30, 10), 5.0F, 1e-4);
  EXPECT_EQ(out.mask(30, 10), mask_bits::saturated);
  EXPECT_EQ(out.mask(30, 20), 0U);
}

TEST(Resample, OutsideTheInputThereIsNothing) {
  const Image image = noise(40, 40);
  PixelMap map(40, 40);
  map.fill([](double x, double y) {
    return x > 30.0 ? Position{std::nan(""), std::nan("")} : Position{x - 20.0, y};
  });
  Image out(40, 40);
  resample(image.input(), map, out.output());
  for (const std::ptrdiff_t x : {0, 10, 19, 33}) {
    EXPECT_TRUE(std::isnan(out.pixels(x, 20))) << x;
    EXPECT_EQ(out.mask(x, 20) & mask_bits::no_data, mask_bits::no_data);
  }
  EXPECT_TRUE(std::isfinite(out.pixels(23, 20)));
}

TEST(Resample, DegenerateImagesDoNotCrash) {
  for (const std::ptrdiff_t n : {1, 2, 5}) {
    Image image(n, n), out(3, 2);
    PixelMap map(3, 2);
    map.fill([](double x, double y) { return Position{x, y}; });
    resample(image.input(), map, out.output());
    PixelMap nowhere(3, 2);
    resample(image.input(), nowhere, out.output());
    EXPECT_TRUE(std::isnan(out.pixels(0, 0)));
    PixelMap far(3, 2);
    far.fill([](double x, double y) { return Position{100.0 * x, 100.0 * y}; });
    resample(image.input(), far, out.output());
    EXPECT_TRUE(std::isnan(out.pixels(0, 0)));
  }
}

TEST(Resample, AnyNumberOfThreadsGivesTheSameBytes) {
  Image image = noise(150, 300);
  image.mask(70, 70) = mask_bits::hot;
  PixelMap map(140, 280);
  map.fill([](double x, double y) { return Position{x + 1e-4 * x * y + 0.3, 1.01 * y}; });
  const int before = thread_count();
  Image first(140, 280);
  set_thread_count(1);
  resample(image.input(), map, first.output());
  for (const int threads : {2, 4}) {
    Image other(140, 280);
    set_thread_count(threads);
    resample(image.input(), map, other.output());
    EXPECT_EQ(other.mask, first.mask);
    for (std::ptrdiff_t i = 0; i < first.pixels.size(); ++i) {
      const float a = first.pixels.data()[i], b = other.pixels.data()[i];
      ASSERT_TRUE(a == b || (std::isnan(a) && std::isnan(b)));
    }
  }
  set_thread_count(before);
}

}  // namespace
}  // namespace polis
