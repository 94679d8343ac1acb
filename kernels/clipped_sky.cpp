#include "kernels/clipped_sky.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/simd.h"

namespace polis {
namespace {

constexpr float start_sigmas = 8.0F;
constexpr std::size_t sample_size = 128;
constexpr int max_rounds = 30;

struct Interval {
  float low;
  float high;
};

struct Moments {
  std::size_t below = 0;  // values under the interval
  std::size_t inside = 0;
  double mean = 0.0;
  double sigma = 0.0;
};

/// Moments of the values inside, about `pivot`; lanes are emptied into doubles every 256 values.
Moments moments_within(const std::vector<float>& values, Interval keep, float pivot) {
  using namespace simd;
  const Float8 low = splat(keep.low);
  const Float8 high = splat(keep.high);
  const Float8 zero_point = splat(pivot);
  Int8 inside{};
  Int8 below{};
  double sum_1 = 0.0;
  double sum_2 = 0.0;
  for (std::size_t block = 0; block < values.size(); block += 256) {
    const std::size_t end = std::min(values.size(), block + 256);
    Float8 part_1{};
    Float8 part_2{};
    for (std::size_t i = block; i < end; i += lanes) {
      const Float8 value = load(&values[i]);
      const Int8 under = value < low;
      const Int8 in = (value >= low) & (value <= high);
      const Float8 offset = simd::keep(in, value - zero_point);
      below -= under;
      inside -= in;
      part_1 += offset;
      part_2 += offset * offset;
    }
    sum_1 += sum(part_1);
    sum_2 += sum(part_2);
  }
  Moments result;
  result.below = static_cast<std::size_t>(sum(below));
  result.inside = static_cast<std::size_t>(sum(inside));
  if (result.inside == 0) return result;
  const double n = static_cast<double>(result.inside);
  const double offset = sum_1 / n;
  result.mean = static_cast<double>(pivot) + offset;
  result.sigma = std::sqrt(std::max(0.0, sum_2 / n - offset * offset));
  return result;
}

float middle_of(std::vector<float>& sample) {
  const auto middle = sample.begin() + static_cast<std::ptrdiff_t>(sample.size() / 2);
  std::nth_element(sample.begin(), middle, sample.end());
  return *middle;
}

/// Where the sky is, from a sample; falls back on all values where the sample has no spread.
Interval first_interval(const std::vector<float>& values, std::size_t count, float& centre,
                        ClippedSkyScratch& scratch) {
  const std::size_t step = std::max<std::size_t>(1, count / sample_size);
  scratch.sample.clear();
  for (std::size_t i = 0; i < count; i += step) scratch.sample.push_back(values[i]);
  centre = middle_of(scratch.sample);
  for (float& value : scratch.sample) value = std::abs(value - centre);
  float sigma = 1.4826F * middle_of(scratch.sample);
  if (sigma <= 0.0F) {
    constexpr float everything = std::numeric_limits<float>::max();
    sigma = static_cast<float>(moments_within(values, {-everything, everything}, centre).sigma);
  }
  return {centre - start_sigmas * sigma, centre + start_sigmas * sigma};
}

/// Ranks by histogram: bins of equal width over an interval, the outer two take what lies outside.
class Ranks {
 public:
  Ranks(const std::vector<float>& values, std::size_t count, Interval range,
        ClippedSkyScratch& scratch)
      : values_(values), count_(count), range_(range), scratch_(scratch) {
    scale_ = static_cast<float>(ClippedSkyScratch::bins - 2) / (range.high - range.low);
    fill();
  }

  /// The value of `rank`, by linear interpolation within its bin.
  float about(double rank) const {
    const std::size_t bin = bin_of_rank(static_cast<std::size_t>(rank));
    const double in_bin = scratch_.below[bin + 1] - scratch_.below[bin];
    const double part = (rank - scratch_.below[bin] + 0.5) / std::max(1.0, in_bin);
    return range_.low + (static_cast<float>(bin) - 1.0F + static_cast<float>(part)) / scale_;
  }

  /// The mean of the values of the two ranks, exactly; low_rank <= high_rank <= low_rank + 1.
  float exact(std::size_t low_rank, std::size_t high_rank) const {
    const std::size_t first = bin_of_rank(low_rank);
    const std::size_t last = bin_of_rank(high_rank);
    auto& sample = scratch_.sample;
    sample.clear();
    collect(static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last));
    const auto at = sample.begin() + static_cast<std::ptrdiff_t>(low_rank - scratch_.below[first]);
    std::nth_element(sample.begin(), at, sample.end());
    if (low_rank == high_rank) return *at;
    return 0.5F * (*at + *std::min_element(at + 1, sample.end()));
  }

 private:
  void fill() {
    constexpr std::size_t bins = ClippedSkyScratch::bins;
    scratch_.bin_of.assign((count_ + 15) / 16 * 16, std::numeric_limits<std::uint16_t>::max());
    std::uint16_t* bin_of = scratch_.bin_of.data();
    const float* values = values_.data();
    const float low = range_.low;
    const float scale = scale_;
    for (std::size_t i = 0; i < count_; ++i) {
      const float place = (values[i] - low) * scale + 1.0F;
      const float top = static_cast<float>(bins - 1);
      const float low_cut = place > 0.0F ? place : 0.0F;
      bin_of[i] = static_cast<std::uint16_t>(static_cast<int>(low_cut < top ? low_cut : top));
    }
    for (auto& part : scratch_.histogram) part.fill(0);
    auto& histogram = scratch_.histogram;
    std::size_t i = 0;
    for (; i + 4 <= count_; i += 4) {
      for (std::size_t k = 0; k < 4; ++k) ++histogram[k][bin_of[i + k]];
    }
    for (; i < count_; ++i) ++histogram[0][bin_of[i]];
    std::uint32_t total = 0;
    for (std::size_t bin = 0; bin < bins; ++bin) {
      scratch_.below[bin] = total;
      total += histogram[0][bin] + histogram[1][bin] + histogram[2][bin] + histogram[3][bin];
    }
    scratch_.below[bins] = total;
  }

  /// Puts the values of bins first..last into the sample: sixteen bins at a time, since few are
  /// wanted.
  void collect(std::uint16_t first, std::uint16_t last) const {
    using Short16 = std::uint16_t __attribute__((vector_size(32)));
    const std::uint16_t* bins = scratch_.bin_of.data();
    const std::size_t size = scratch_.bin_of.size();
    for (std::size_t block = 0; block < size; block += 16) {
      Short16 bin;
      std::memcpy(&bin, bins + block, sizeof bin);
      const auto wanted = (bin >= first) & (bin <= last);
      unsigned pairs = simd::bits(reinterpret_cast<simd::Int8>(wanted) != 0);
      for (; pairs != 0; pairs &= pairs - 1) {
        const std::size_t pair = block + 2 * static_cast<std::size_t>(std::countr_zero(pairs));
        for (std::size_t i = pair; i < pair + 2; ++i) {
          if (bins[i] >= first && bins[i] <= last) scratch_.sample.push_back(values_[i]);
        }
      }
    }
  }

  std::size_t bin_of_rank(std::size_t rank) const {
    const auto& below = scratch_.below;
    const auto after =
        std::upper_bound(below.begin(), below.end(), static_cast<std::uint32_t>(rank));
    return static_cast<std::size_t>(after - below.begin()) - 1;
  }

  const std::vector<float>& values_;
  std::size_t count_;
  Interval range_;
  ClippedSkyScratch& scratch_;
  float scale_ = 1.0F;
};

/// The median of grouped data: where many values equal it (integer pixels), the rank within them
/// tells the part of a quantum. `count` and `below` are those of the interval.
float ungroup(const std::vector<float>& values, float median, const Moments& inside) {
  std::size_t less = 0;
  std::size_t equal = 0;
  for (const float value : values) {
    less += value < median ? 1U : 0U;
    equal += value == median ? 1U : 0U;
  }
  if (equal * 64 < inside.inside) return median;
  float above = std::numeric_limits<float>::max();
  float under = std::numeric_limits<float>::lowest();
  for (const float value : values) {
    above = value > median && value < above ? value : above;
    under = value < median && value > under ? value : under;
  }
  if (above == std::numeric_limits<float>::max() || under == std::numeric_limits<float>::lowest()) {
    return median;
  }
  const double half = static_cast<double>(inside.inside) / 2.0;
  const double rank = static_cast<double>(inside.below) + half - static_cast<double>(less);
  const double part = std::clamp(rank / static_cast<double>(equal) - 0.5, -0.5, 0.5);
  return median + static_cast<float>(part) * 0.5F * (above - under);
}

/// Beyond this skewness the mode formula fails and the median is nearer to the sky (Bertin &
/// Arnouts).
constexpr float crowded_skew = 0.3F;

float guarded_mode(const ClippedSky& sky) {
  if (std::abs(sky.mean - sky.median) < crowded_skew * sky.sigma) {
    return 2.5F * sky.median - 1.5F * sky.mean;
  }
  return sky.median;
}

}  // namespace

ClippedSky clipped_sky(std::vector<float>& values, float clip_sigma, ClippedSkyScratch& scratch) {
  ClippedSky sky;
  const std::size_t count = values.size();
  if (count == 0) return sky;
  while (values.size() % simd::lanes != 0) {
    values.push_back(std::numeric_limits<float>::quiet_NaN());
  }
  float centre = 0.0F;
  Interval range = first_interval(values, count, centre, scratch);
  if (!(range.high > range.low) || !std::isfinite(range.high - range.low)) {
    return {centre, centre, centre, 0.0F, count};
  }
  const Ranks ranks(values, count, range, scratch);
  Moments moments = moments_within(values, range, centre);
  for (int round = 0; round < max_rounds; ++round) {
    const double rank =
        static_cast<double>(moments.below) + 0.5 * static_cast<double>(moments.inside - 1);
    const float median = ranks.about(rank);
    const float reach = clip_sigma * static_cast<float>(moments.sigma);
    const Interval clipped{std::max(range.low, median - reach),
                           std::min(range.high, median + reach)};
    const Moments next = moments_within(values, clipped, median);
    if (next.inside == 0) break;
    const bool settled = next.inside == moments.inside && next.below == moments.below;
    moments = next;
    if (settled) break;
  }
  const std::size_t low_rank = moments.below + (moments.inside - 1) / 2;
  const std::size_t high_rank = moments.below + moments.inside / 2;
  sky.median = ungroup(values, ranks.exact(low_rank, high_rank), moments);
  sky.mean = static_cast<float>(moments.mean);
  sky.sigma = static_cast<float>(moments.sigma);
  sky.kept = moments.inside;
  sky.mode = guarded_mode(sky);
  return sky;
}

}  // namespace polis
