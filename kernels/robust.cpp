#include "kernels/robust.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "kernels/simd.h"

namespace polis {
namespace {

constexpr double kSigmaOfMad = 1.4826;            // of a normal distribution
constexpr double kSigmaOfMeanDeviation = 1.2533;  // sqrt(pi / 2)

constexpr std::size_t kMostOfFew = 2 * simd::lanes;
/// Fewer values are sorted; more do not stay in the cache while they are counted.
constexpr std::size_t kFewestToCount = 32;
constexpr std::size_t kMostToCount = 1U << 16;

/// Floats in the order of integers, and back.
std::int32_t key_of(float value) {
  const auto bits = std::bit_cast<std::int32_t>(value);
  return bits ^ ((bits >> 31) & 0x7FFFFFFF);
}
float value_of(std::int32_t key) { return std::bit_cast<float>(key ^ ((key >> 31) & 0x7FFFFFFF)); }

std::size_t count_up_to(std::span<const float> values, float limit) {
  using namespace simd;
  Int8 inside{};
  std::size_t i = 0;
  for (; i + lanes <= values.size(); i += lanes) inside -= load(&values[i]) <= limit;
  auto count = static_cast<std::size_t>(sum(inside));
  for (; i < values.size(); ++i) count += values[i] <= limit ? 1U : 0U;
  return count;
}

/// Smallest and largest value; at least `lanes` values.
std::pair<float, float> range_of(std::span<const float> values) {
  using namespace simd;
  const std::size_t last = values.size() - lanes;  // the last eight may have been seen before
  Float8 low = load(&values[last]);
  Float8 high = low;
  for (std::size_t i = 0; i < last; i += lanes) {
    const Float8 value = load(&values[i]);
    low = smaller(low, value);
    high = larger(high, value);
  }
  std::pair<float, float> range{low[0], high[0]};
  for (std::size_t k = 1; k < lanes; ++k)
    range = {std::min(range.first, low[k]), std::max(range.second, high[k])};
  return range;
}

/// The largest value below `limit`, -infinity where there is none; at least `lanes` values.
float largest_below(std::span<const float> values, float limit) {
  using namespace simd;
  const Float8 none = splat(-std::numeric_limits<float>::infinity());
  const std::size_t last = values.size() - lanes;
  const auto below = [&](std::size_t i) {
    const Float8 value = load(&values[i]);
    return value < limit ? value : none;
  };
  Float8 most = below(last);
  for (std::size_t i = 0; i < last; i += lanes) most = larger(most, below(i));
  float result = most[0];
  for (std::size_t k = 1; k < lanes; ++k) result = std::max(result, most[k]);
  return result;
}

/// The value of `rank`: halves the range of floats that it may be until one is left. Some thirty
/// rounds of counting are several times faster than sorting parts, whose branches nobody can guess.
float value_of_rank(std::span<const float> values, std::size_t rank) {
  const auto [least, most] = range_of(values);
  std::int32_t low = key_of(least);
  std::int32_t high = key_of(most);
  while (low < high) {
    const auto middle = static_cast<std::int32_t>((static_cast<std::int64_t>(low) + high) >> 1);
    if (count_up_to(values, value_of(middle)) > rank)
      high = middle;
    else
      low = middle + 1;
  }
  return value_of(low);
}

/// Of at most two registers: each value's rank is how many are smaller.
float median_of_few(std::span<const float> values) {
  using namespace simd;
  std::array<float, kMostOfFew> padded;
  padded.fill(std::numeric_limits<float>::infinity());
  std::copy(values.begin(), values.end(), padded.begin());
  const Float8 first = load(padded.data()), second = load(padded.data() + lanes);
  const auto count = [](Int8 a, Int8 b) {
    return static_cast<std::size_t>(std::popcount(bits(a)) + std::popcount(bits(b)));
  };
  const std::size_t half = values.size() / 2;
  const std::size_t before = values.size() % 2 == 1 ? half : half - 1;
  float lower = 0.0F, upper = 0.0F;
  for (const float value : values) {
    const std::size_t smaller = count(first < value, second < value);
    const std::size_t up_to = count(first <= value, second <= value);
    lower = smaller <= before && before < up_to ? value : lower;
    upper = smaller <= half && half < up_to ? value : upper;
  }
  return before == half ? upper : 0.5F * (lower + upper);
}

float median_by_counting(std::span<const float> values) {
  const std::size_t half = values.size() / 2;
  const float upper = value_of_rank(values, half);
  if (values.size() % 2 == 1) return upper;
  // The one before it in order: equal to it, or the largest below.
  const float below = largest_below(values, upper);
  const bool repeated = count_up_to(values, below) < half;
  return 0.5F * ((repeated ? upper : below) + upper);
}

/// Standard deviation of a normal distribution, relative to that of its part within +-clip sigma.
double truncation_correction(double clip) {
  const double density = std::exp(-0.5 * clip * clip) / std::sqrt(2.0 * 3.14159265358979323846);
  const double inside = std::erf(clip / std::sqrt(2.0));
  const double variance = 1.0 - 2.0 * clip * density / inside;
  return variance > 0.0 ? 1.0 / std::sqrt(variance) : 1.0;
}

/// Spread about `centre`, from the median deviation; from the mean deviation where half of the
/// values or more are equal, as happens with integers.
double first_spread(std::span<const float> values, float centre) {
  std::vector<float> deviations(values.size());
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    deviations[i] = std::abs(values[i] - centre);
    sum += static_cast<double>(deviations[i]);
  }
  const double mad = static_cast<double>(median_in_place(deviations));
  if (mad > 0.0) return kSigmaOfMad * mad;
  return kSigmaOfMeanDeviation * sum / static_cast<double>(values.size());
}

}  // namespace

double median_of_finite(std::vector<double> values) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

float median_in_place(std::span<float> values) {
  if (values.empty()) return std::numeric_limits<float>::quiet_NaN();
  if (values.size() <= kMostOfFew) return median_of_few(values);
  if (values.size() >= kFewestToCount && values.size() <= kMostToCount)
    return median_by_counting(values);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5F * (*middle + *std::max_element(values.begin(), middle));
}

Level clipped_level(std::span<float> values, double clip, int iterations) {
  const auto last =
      std::partition(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
  const auto kept = values.first(static_cast<std::size_t>(last - values.begin()));
  if (kept.empty()) return {std::numeric_limits<double>::quiet_NaN(), 0.0, 0};
  const float median = median_in_place(kept);
  Level result{static_cast<double>(median), first_spread(kept, median), kept.size()};
  const double correction = truncation_correction(clip);
  for (int i = 0; i < iterations && result.sigma > 0.0; ++i) {
    double sum = 0.0;
    double squares = 0.0;
    std::size_t count = 0;
    for (const float value : kept) {
      const double d = static_cast<double>(value) - result.level;
      if (std::abs(d) > clip * result.sigma) continue;
      sum += d;
      squares += d * d;
      ++count;
    }
    if (count < 2) break;
    const double n = static_cast<double>(count);
    const double shift = sum / n;
    result.level += shift;
    result.sigma = correction * std::sqrt(std::max(0.0, (squares - n * shift * shift) / (n - 1.0)));
    result.count = count;
  }
  return result;
}

std::vector<float> sample_pixels(View<const float> image, View<const MaskPixel> mask,
                                 MaskPixel avoid, std::size_t samples) {
  std::vector<float> values;
  if (image.empty() || samples == 0) return values;
  const std::ptrdiff_t total = image.size();
  std::ptrdiff_t step = std::max<std::ptrdiff_t>(1, total / static_cast<std::ptrdiff_t>(samples));
  // A step that divides the width would look at a few columns only.
  while (step > 1 && image.width % step == 0) ++step;
  values.reserve(static_cast<std::size_t>(total / step + 1));
  for (std::ptrdiff_t i = 0; i < total; i += step) {
    const std::ptrdiff_t y = i / image.width;
    const std::ptrdiff_t x = i - y * image.width;
    const float value = image(x, y);
    const bool masked = !mask.empty() && (mask(x, y) & avoid) != 0;
    if (!masked && std::isfinite(value)) values.push_back(value);
  }
  return values;
}

Level image_level(View<const float> image, View<const MaskPixel> mask, MaskPixel avoid,
                  std::size_t samples) {
  std::vector<float> values = sample_pixels(image, mask, avoid, samples);
  return clipped_level(values);
}

}  // namespace polis
