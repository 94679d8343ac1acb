#include "kernels/combine.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/sorting_network.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kRowsPerItem = 16;
constexpr std::size_t kLanes = 64;  // pixels that are handled together: a whole number of vectors
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kSigmaOfQuartiles = 1.0F / 1.349F;

struct alignas(64) Lanes {
  std::array<float, kLanes> v;
  float& operator[](std::size_t i) { return v[i]; }
  const float& operator[](std::size_t i) const { return v[i]; }
};

using Network = std::vector<std::pair<std::size_t, std::size_t>>;

/// Everything that one chunk of kLanes pixels needs: it fits the first-level cache.
struct Chunk {
  std::array<Lanes, kMaxCombinePlanes> values;
  std::array<Lanes, kMaxCombinePlanes> sorted;
  Lanes count, centre, spread2, weight, sum, kept, squares;
};

void load(std::span<const CombinePlane> planes, std::ptrdiff_t y, std::ptrdiff_t x0,
          std::size_t lanes, Chunk& c) {
  for (std::size_t k = 0; k < planes.size(); ++k) {
    const float* source = planes[k].values.row(y) + x0;
    for (std::size_t i = 0; i < lanes; ++i) c.values[k][i] = source[i] * planes[k].scale;
    for (std::size_t i = lanes; i < kLanes; ++i) c.values[k][i] = kNan;
  }
}

void sort_lanes(const Network& network, std::array<Lanes, kMaxCombinePlanes>& lanes) {
  for (const auto& [low, high] : network) {
    Lanes& a = lanes[low];
    Lanes& b = lanes[high];
    for (std::size_t i = 0; i < kLanes; ++i) {
      const float x = a[i];
      const float y = b[i];
      a[i] = x < y ? x : y;
      b[i] = x < y ? y : x;
    }
  }
}

/// The value of rank `rank[i]` in each lane.
void pick(const std::array<Lanes, kMaxCombinePlanes>& sorted, std::size_t planes, const Lanes& rank,
          Lanes& out) {
  for (std::size_t k = 0; k < planes; ++k) {
    const float here = static_cast<float>(k);
    for (std::size_t i = 0; i < kLanes; ++i) out[i] = rank[i] == here ? sorted[k][i] : out[i];
  }
}

/// Sorts copies of the finite values; the rest stand as +infinity behind them.
void sort_kept(std::span<const CombinePlane> planes, const Network& network, Chunk& c) {
  for (std::size_t i = 0; i < kLanes; ++i) c.count[i] = 0.0F;
  for (std::size_t k = 0; k < planes.size(); ++k) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const bool there = std::abs(c.values[k][i]) < kInfinity;
      c.sorted[k][i] = there ? c.values[k][i] : kInfinity;
      c.count[i] += there ? 1.0F : 0.0F;
    }
  }
  sort_lanes(network, c.sorted);
}

void median_of_sorted(std::size_t planes, Chunk& c) {
  Lanes rank;
  Lanes low{};
  Lanes high{};
  for (std::size_t i = 0; i < kLanes; ++i) rank[i] = std::floor(0.5F * (c.count[i] - 1.0F));
  pick(c.sorted, planes, rank, low);
  for (std::size_t i = 0; i < kLanes; ++i) rank[i] = std::floor(0.5F * c.count[i]);
  pick(c.sorted, planes, rank, high);
  for (std::size_t i = 0; i < kLanes; ++i) c.centre[i] = 0.5F * (low[i] + high[i]);
}

/// Square of the spread from the quartiles: where the noise is not known beforehand.
void spread_of_sorted(std::size_t planes, Chunk& c) {
  Lanes rank;
  Lanes low{};
  Lanes high{};
  for (std::size_t i = 0; i < kLanes; ++i) rank[i] = std::floor(0.25F * (c.count[i] - 1.0F) + 0.5F);
  pick(c.sorted, planes, rank, low);
  for (std::size_t i = 0; i < kLanes; ++i) rank[i] = c.count[i] - 1.0F - rank[i];
  pick(c.sorted, planes, rank, high);
  for (std::size_t i = 0; i < kLanes; ++i) {
    const float sigma = kSigmaOfQuartiles * (high[i] - low[i]);
    c.spread2[i] = sigma * sigma;
  }
}

/// One round: which values lie within the clip about the centre, and their weighted mean as the new
/// centre.
void clip_round(std::span<const CombinePlane> planes, const CombineOptions& options, bool known,
                bool blank_rejected, Chunk& c) {
  const float limit2 = options.clip_sigma * options.clip_sigma;
  const float relative2 = options.relative_error * options.relative_error;
  c.weight = c.sum = c.kept = c.squares = Lanes{};
  for (std::size_t k = 0; k < planes.size(); ++k) {
    const float read = planes[k].read_variance;
    const float per_unit = planes[k].variance_per_unit;
    Lanes& values = c.values[k];
    for (std::size_t i = 0; i < kLanes; ++i) {
      const float centre = c.centre[i];
      const float model = read + per_unit * (centre > 0.0F ? centre : 0.0F);
      const float variance = known ? model : c.spread2[i];
      const float d = values[i] - centre;
      const bool few = c.count[i] < 3.0F;
      const bool finite = std::abs(values[i]) < kInfinity;
      const bool inside = d * d <= limit2 * (variance + relative2 * centre * centre);
      const bool keep = finite & (inside | few);
      const float w = keep ? (known ? 1.0F / variance : 1.0F) : 0.0F;
      const float offset = keep ? d : 0.0F;
      c.weight[i] += w;
      c.sum[i] += w * offset;
      c.squares[i] += offset * offset;
      c.kept[i] += keep ? 1.0F : 0.0F;
      if (blank_rejected) values[i] = keep ? values[i] : kNan;
    }
  }
}

void move_centre(bool known, Chunk& c) {
  for (std::size_t i = 0; i < kLanes; ++i) {
    const float shift = c.weight[i] > 0.0F ? c.sum[i] / c.weight[i] : 0.0F;
    c.centre[i] += shift;
    const float n = c.kept[i];
    const float scatter2 = (c.squares[i] - n * shift * shift) / (n > 1.0F ? n - 1.0F : 1.0F);
    // The first spread, from the quartiles of few values, may be far too small: it never shrinks.
    if (!known) c.spread2[i] = scatter2 > c.spread2[i] ? scatter2 : c.spread2[i];
  }
}

void combine_chunk(std::span<const CombinePlane> planes, const CombineOptions& options, bool known,
                   const Network& network, Chunk& c) {
  sort_kept(planes, network, c);
  median_of_sorted(planes.size(), c);
  if (!known) spread_of_sorted(planes.size(), c);
  const bool median = options.method == CombineMethod::median;
  for (int round = 0; round < options.iterations; ++round) {
    clip_round(planes, options, known, median && round + 1 == options.iterations, c);
    if (!median) move_centre(known, c);
  }
  if (median) {
    sort_kept(planes, network, c);
    median_of_sorted(planes.size(), c);
  }
}

void store(const CombineOptions& options, bool known, std::ptrdiff_t y, std::ptrdiff_t x0,
           std::size_t lanes, const Chunk& c, const CombineOutput& out) {
  // The median of normal deviates has pi/2 times the variance of their mean.
  const float loss = options.method == CombineMethod::median ? 1.5707963F : 1.0F;
  for (std::size_t i = 0; i < lanes; ++i) {
    const auto at = x0 + static_cast<std::ptrdiff_t>(i);
    const bool any = c.kept[i] > 0.0F;
    const float variance = known ? 1.0F / c.weight[i] : c.spread2[i] / c.kept[i];
    out.value.row(y)[at] = any ? c.centre[i] : kNan;
    out.variance.row(y)[at] = any ? (c.kept[i] > 2.0F ? loss : 1.0F) * variance : kNan;
    out.count.row(y)[at] = static_cast<std::uint16_t>(c.kept[i]);
  }
}

/// Differences of two groups' results above which one of them holds hits. [sigma]
constexpr float kContradiction = 6.0F;

bool contradict(const CombineOutput& a, const CombineOutput& b, std::ptrdiff_t x,
                std::ptrdiff_t y) {
  const float d = a.value(x, y) - b.value(x, y);
  return d * d > kContradiction * kContradiction * (a.variance(x, y) + b.variance(x, y));
}

/// Of two that contradict, more planes are right; of equally many, the lower: hits only add charge.
bool better(const CombineOutput& a, const CombineOutput& b, std::ptrdiff_t x, std::ptrdiff_t y) {
  if (a.count(x, y) != b.count(x, y)) return a.count(x, y) > b.count(x, y);
  return a.value(x, y) < b.value(x, y);
}

}  // namespace

void combine(std::span<const CombinePlane> planes, const CombineOptions& options,
             const CombineOutput& output) {
  assert(!planes.empty() && planes.size() <= kMaxCombinePlanes && options.iterations > 0);
  const Network network = sorting_network(planes.size());
  const bool known = std::all_of(planes.begin(), planes.end(), [](const CombinePlane& plane) {
    return plane.read_variance > 0.0F;
  });
  parallel_bands(output.value.height, kRowsPerItem, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    const auto chunk = std::make_unique<Chunk>();
    for (std::ptrdiff_t y = first; y < last; ++y) {
      for (std::ptrdiff_t x = 0; x < output.value.width; x += static_cast<std::ptrdiff_t>(kLanes)) {
        const std::size_t lanes =
            std::min(kLanes, static_cast<std::size_t>(output.value.width - x));
        load(planes, y, x, lanes, *chunk);
        combine_chunk(planes, options, known, network, *chunk);
        store(options, known, y, x, lanes, *chunk, output);
      }
    }
  });
}

void merge_combined(const CombineOutput& group, const CombineOutput& total) {
  parallel_bands(total.value.height, kRowsPerItem, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t y = first; y < last; ++y) {
      for (std::ptrdiff_t x = 0; x < total.value.width; ++x) {
        const float added = group.count(x, y) > 0 ? 1.0F / group.variance(x, y) : 0.0F;
        const float before = total.count(x, y) > 0 ? 1.0F / total.variance(x, y) : 0.0F;
        if (!(added > 0.0F)) continue;
        if (before > 0.0F && contradict(group, total, x, y)) {
          if (!better(group, total, x, y)) continue;
          total.value(x, y) = group.value(x, y);
          total.variance(x, y) = group.variance(x, y);
          total.count(x, y) = group.count(x, y);
          continue;
        }
        const float old = before > 0.0F ? total.value(x, y) * before : 0.0F;
        total.value(x, y) = (old + group.value(x, y) * added) / (before + added);
        total.variance(x, y) = 1.0F / (before + added);
        total.count(x, y) = static_cast<std::uint16_t>(total.count(x, y) + group.count(x, y));
      }
    }
  });
}

}  // namespace polis
