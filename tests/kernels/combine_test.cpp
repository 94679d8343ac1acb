#include "kernels/combine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "kernels/parallel.h"
#include "kernels/sorting_network.h"

namespace polis {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Result {
  Plane<float> value, variance;
  Plane<std::uint16_t> count;
  CombineOutput output() { return {value.view(), variance.view(), count.view()}; }
  bool operator==(const Result&) const = default;
};

Result blank_result(std::ptrdiff_t w, std::ptrdiff_t h) {
  return {Plane<float>(w, h), Plane<float>(w, h), Plane<std::uint16_t>(w, h)};
}

/// Planes of noise about `level`, each with its own read noise, hits in a fraction of the pixels.
std::vector<Plane<float>> exposures(int count, std::ptrdiff_t w, std::ptrdiff_t h, double level,
                                    double sigma, double hit_fraction, std::uint64_t seed) {
  std::vector<Plane<float>> planes;
  for (int k = 0; k < count; ++k) {
    RandomStream stream(seed, "exposures", static_cast<std::uint64_t>(k));
    Plane<float> plane(w, h);
    for (std::ptrdiff_t y = 0; y < h; ++y) {
      for (std::ptrdiff_t x = 0; x < w; ++x) {
        const double hit =
            stream.uniform() < hit_fraction ? stream.uniform(20.0, 2000.0) * sigma : 0.0;
        plane(x, y) = static_cast<float>(level + sigma * stream.normal() + hit);
      }
    }
    planes.push_back(std::move(plane));
  }
  return planes;
}

std::vector<CombinePlane> with_noise(const std::vector<Plane<float>>& planes, float read_variance) {
  std::vector<CombinePlane> inputs;
  for (const Plane<float>& plane : planes)
    inputs.push_back({plane.view(), 1.0F, read_variance, 0.0F});
  return inputs;
}

Result run(std::span<const CombinePlane> planes, const CombineOptions& options) {
  Result r = blank_result(planes[0].values.width, planes[0].values.height);
  combine(planes, options, r.output());
  return r;
}

float median_of(std::vector<float> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return 0.5F * (values[(n - 1) / 2] + values[n / 2]);
}

/// The clipped mean of one pixel, written out.
std::pair<float, int> reference_mean(std::span<const CombinePlane> planes,
                                     const CombineOptions& options, std::ptrdiff_t x,
                                     std::ptrdiff_t y) {
  std::vector<float> there;
  for (const CombinePlane& plane : planes) {
    if (std::isfinite(plane.values(x, y))) there.push_back(plane.values(x, y) * plane.scale);
  }
  if (there.empty()) return {kNan, 0};
  float centre = median_of(there);
  int kept = 0;
  for (int round = 0; round < options.iterations; ++round) {
    double weight = 0.0;
    double sum = 0.0;
    kept = 0;
    for (const CombinePlane& plane : planes) {
      const float v = plane.values(x, y) * plane.scale;
      const float variance = plane.read_variance + plane.variance_per_unit * std::max(centre, 0.0F);
      const float limit = options.clip_sigma * options.clip_sigma * variance;
      if (!std::isfinite(v) || (there.size() >= 3 && (v - centre) * (v - centre) > limit)) continue;
      weight += 1.0 / static_cast<double>(variance);
      sum += static_cast<double>(v - centre) / static_cast<double>(variance);
      ++kept;
    }
    if (kept > 0) centre += static_cast<float>(sum / weight);
  }
  return {kept > 0 ? centre : kNan, kept};
}

TEST(SortingNetwork, SortsAllZeroOneSequences) {
  for (std::size_t n = 1; n <= 14; ++n) {
    const auto network = sorting_network(n);
    for (std::uint32_t bits = 0; bits < (1U << n); ++bits) {
      std::vector<int> values(n);
      for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<int>(bits >> i & 1U);
      for (const auto& [low, high] : network) {
        if (values[high] < values[low]) std::swap(values[low], values[high]);
      }
      ASSERT_TRUE(std::is_sorted(values.begin(), values.end())) << n << " " << bits;
    }
  }
}

TEST(Combine, EqualsTheReferenceForAnyNumberOfPlanes) {
  for (const int count : {1, 2, 3, 4, 7, 12, 33, 64}) {
    auto planes = exposures(count, 71, 9, 500.0, 4.0, 0.05, 3);
    planes[0](5, 5) = kNan;
    std::vector<CombinePlane> inputs = with_noise(planes, 16.0F);
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      inputs[k].scale = 1.0F + 0.001F * static_cast<float>(k % 3);
      inputs[k].variance_per_unit = 0.01F * static_cast<float>(k % 2);
    }
    const Result r = run(inputs, {});
    for (std::ptrdiff_t y = 0; y < 9; ++y) {
      for (std::ptrdiff_t x = 0; x < 71; ++x) {
        const auto [value, kept] = reference_mean(inputs, {}, x, y);
        ASSERT_EQ(r.count(x, y), kept) << count << " " << x << " " << y;
        if (kept > 0) {
          ASSERT_NEAR(r.value(x, y), value, 1e-3);
        }
        ASSERT_EQ(std::isnan(r.value(x, y)), kept == 0);
      }
    }
  }
}

TEST(Combine, RejectsHitsAndReachesTheNoiseOfTheMean) {
  const auto planes = exposures(16, 120, 120, 1000.0, 5.0, 0.02, 7);
  const Result r = run(with_noise(planes, 25.0F), {});
  double squares = 0.0;
  double worst = 0.0;
  double claimed = 0.0;
  for (std::ptrdiff_t y = 0; y < 120; ++y) {
    for (std::ptrdiff_t x = 0; x < 120; ++x) {
      const double d = static_cast<double>(r.value(x, y)) - 1000.0;
      squares += d * d;
      worst = std::max(worst, std::abs(d));
      claimed += static_cast<double>(r.variance(x, y));
    }
  }
  EXPECT_NEAR(squares / claimed, 1.0, 0.08);
  EXPECT_LT(worst, 6.0 * 5.0 / 4.0);
}

TEST(Combine, FindsTheNoiseItselfWhereItIsUnknown) {
  const auto planes = exposures(12, 100, 100, 50.0, 3.0, 0.005, 9);
  const Result r = run(with_noise(planes, 0.0F), {});
  double squares = 0.0;
  double worst = 0.0;
  for (std::ptrdiff_t y = 0; y < 100; ++y) {
    for (std::ptrdiff_t x = 0; x < 100; ++x) {
      const double d = static_cast<double>(r.value(x, y)) - 50.0;
      squares += d * d;
      worst = std::max(worst, std::abs(d));
    }
  }
  EXPECT_LT(squares / 1e4, 1.15 * 9.0 / 12.0);
  EXPECT_LT(worst, 12.0);
}

TEST(Combine, MedianIsTheMedianOfWhatIsLeft) {
  auto planes = exposures(5, 10, 3, 10.0, 1.0, 0.0, 11);
  planes[2](4, 1) = 5000.0F;
  planes[3](7, 2) = kNan;
  const Result r =
      run(with_noise(planes, 1.0F), {.method = CombineMethod::median, .clip_sigma = 20.0F});
  EXPECT_FLOAT_EQ(r.value(0, 0), median_of({planes[0](0, 0), planes[1](0, 0), planes[2](0, 0),
                                            planes[3](0, 0), planes[4](0, 0)}));
  EXPECT_FLOAT_EQ(r.value(4, 1),
                  median_of({planes[0](4, 1), planes[1](4, 1), planes[3](4, 1), planes[4](4, 1)}));
  EXPECT_EQ(r.count(4, 1), 4);
  EXPECT_EQ(r.count(7, 2), 4);
}

TEST(Combine, PixelsWithoutAnyValueAreNan) {
  const std::vector<Plane<float>> planes(3, Plane<float>(2, 2, kNan));
  const Result r = run(with_noise(planes, 1.0F), {});
  EXPECT_TRUE(std::isnan(r.value(1, 1)));
  EXPECT_TRUE(std::isnan(r.variance(1, 1)));
  EXPECT_EQ(r.count(1, 1), 0);
}

TEST(Combine, GroupsMergeToTheMeanOfAll) {
  const auto planes = exposures(30, 40, 20, 300.0, 2.0, 0.02, 13);
  const auto inputs = with_noise(planes, 4.0F);
  const Result all = run(inputs, {});
  Result total = run(std::span(inputs).first(10), {});
  for (const std::size_t first : {10, 20}) {
    Result group = run(std::span(inputs).subspan(first, 10), {});
    merge_combined(group.output(), total.output());
  }
  for (std::ptrdiff_t y = 0; y < 20; ++y) {
    for (std::ptrdiff_t x = 0; x < 40; ++x) {
      EXPECT_NEAR(total.value(x, y), all.value(x, y), 0.5) << x << " " << y;
      EXPECT_NEAR(total.count(x, y), all.count(x, y), 1) << x << " " << y;
    }
  }
}

TEST(Combine, GivesTheSameBytesForAnyNumberOfThreads) {
  const auto planes = exposures(7, 90, 70, 100.0, 3.0, 0.05, 15);
  const auto inputs = with_noise(planes, 9.0F);
  const int before = thread_count();
  set_thread_count(1);
  const Result one = run(inputs, {});
  for (const int threads : {2, 4}) {
    set_thread_count(threads);
    EXPECT_EQ(run(inputs, {}), one) << threads;
  }
  set_thread_count(before);
}

}  // namespace
}  // namespace polis
