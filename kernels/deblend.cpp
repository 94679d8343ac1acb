#include "kernels/deblend.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/basins.h"
#include "kernels/parallel.h"
#include "kernels/source_flags.h"

namespace polis {
namespace {

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

/// Indices of items sorted by component: those of component c are order[start[c]]..order[start[c +
/// 1]].
struct ByComponent {
  std::vector<std::size_t> start;
  std::vector<std::int32_t> order;
};

template <class ComponentOf>
ByComponent group(std::size_t items, std::int32_t components, ComponentOf&& component_of) {
  ByComponent result;
  result.start.assign(at(components) + 1, 0);
  for (std::size_t i = 0; i < items; ++i) ++result.start[at(component_of(i)) + 1];
  std::partial_sum(result.start.begin(), result.start.end(), result.start.begin());
  std::vector<std::size_t> next(result.start.begin(), result.start.end() - 1);
  result.order.resize(items);
  for (std::size_t i = 0; i < items; ++i) {
    result.order[next[at(component_of(i))]++] = static_cast<std::int32_t>(i);
  }
  return result;
}

/// Joins the basins of one component after the other; components share no memory.
class Joiner {
 public:
  Joiner(View<const float> snr, const BasinMap& map, const MeasuredPixels& image,
         const DetectSettings& settings)
      : snr_(snr), map_(map), image_(image), settings_(settings) {
    const std::size_t count = map.basins.size();
    branch_.resize(count);
    std::iota(branch_.begin(), branch_.end(), 0);
    object_ = branch_;
    last_member_ = branch_;
    next_member_.assign(count, -1);
    sum_.reserve(count);
    for (const Basin& basin : map.basins) sum_.push_back(basin.sum);
  }

  void join(std::vector<const Saddle*>& saddles) {
    std::sort(saddles.begin(), saddles.end(), [](const Saddle* p, const Saddle* q) {
      if (p->height != q->height) return p->height > q->height;
      return p->a != q->a ? p->a < q->a : p->b < q->b;
    });
    for (const Saddle* saddle : saddles) meet(*saddle);
  }

  /// The basin that stands for the object to which `basin` belongs.
  std::int32_t object_of(std::int32_t basin) {
    while (object_[at(basin)] != basin) {
      object_[at(basin)] = object_[at(object_[at(basin)])];
      basin = object_[at(basin)];
    }
    return basin;
  }

 private:
  std::int32_t branch_of(std::int32_t basin) {
    while (branch_[at(basin)] != basin) {
      branch_[at(basin)] = branch_[at(branch_[at(basin)])];
      basin = branch_[at(basin)];
    }
    return basin;
  }

  bool higher(std::int32_t p, std::int32_t q) const {
    const float peak_p = map_.basins[at(p)].peak;
    const float peak_q = map_.basins[at(q)].peak;
    return peak_p != peak_q ? peak_p > peak_q : p < q;
  }

  /// A branch is named after its highest basin, which is also that of its highest object.
  void meet(const Saddle& saddle) {
    std::int32_t low = branch_of(saddle.a);
    std::int32_t high = branch_of(saddle.b);
    if (low == high) return;
    std::int32_t across = object_of(saddle.b);
    if (higher(low, high)) {
      std::swap(low, high);
      across = object_of(saddle.a);
    }
    branch_[at(low)] = high;
    if (!stands_alone(low, across, saddle)) swallow(low, across);
  }

  void swallow(std::int32_t object, std::int32_t by) {
    object_[at(object)] = by;
    sum_[at(by)] += sum_[at(object)];
    next_member_[at(last_member_[at(by)])] = object;
    last_member_[at(by)] = last_member_[at(object)];
  }

  bool stands_alone(std::int32_t object, std::int32_t neighbour, const Saddle& saddle) const {
    const float peak = map_.basins[at(object)].peak;
    if (peak < settings_.peak_snr) return false;
    if (peak - saddle.height < settings_.min_prominence * local_sigma(saddle)) return false;
    const double both = sum_[at(object)] + sum_[at(neighbour)];
    return flux_above(object, saddle.height) >= static_cast<double>(settings_.min_contrast) * both;
  }

  /// Noise at the saddle in units of that of the empty sky: the source adds its own.
  float local_sigma(const Saddle& saddle) const {
    if (image_.gain_e_per_unit <= 0.0F) return 1.0F;
    const float source =
        std::max(0.0F, image_.residual(saddle.x, saddle.y)) / image_.gain_e_per_unit;
    float sky = 0.0F;
    if (image_.variance.empty()) {
      const float rms = background_rms_at(*image_.background, saddle.x, saddle.y);
      sky = rms * rms;
    } else {
      const float whole = image_.variance(saddle.x, saddle.y);
      sky = std::max(whole - source, 0.02F * whole);
    }
    return sky > 0.0F && std::isfinite(source) ? std::sqrt(1.0F + source / sky) : 1.0F;
  }

  double flux_above(std::int32_t object, float level) const {
    double flux = 0.0;
    for (std::int32_t member = object; member >= 0; member = next_member_[at(member)]) {
      const Basin& basin = map_.basins[at(member)];
      for (std::int32_t y = basin.y0; y <= basin.y1; ++y) {
        const std::int32_t* labels = map_.labels.view().row(y);
        const float* values = snr_.row(y);
        float part = 0.0F;
        for (std::int32_t x = basin.x0; x <= basin.x1; ++x) {
          const float over = values[x] - level;
          part += labels[x] == member + 1 && over > 0.0F ? over : 0.0F;
        }
        flux += static_cast<double>(part);
      }
      if (member == last_member_[at(object)]) break;
    }
    return flux;
  }

  View<const float> snr_;
  const BasinMap& map_;
  const MeasuredPixels& image_;
  const DetectSettings& settings_;
  std::vector<std::int32_t> branch_;  // union-find: the highest basin of the branch is its root
  std::vector<std::int32_t> object_;  // union-find: the basin that stands for the object
  std::vector<std::int32_t> next_member_;  // list of the basins of an object
  std::vector<std::int32_t> last_member_;
  std::vector<double> sum_;  // flux of each object
};

void join_all(const BasinMap& map, std::int32_t components, Joiner& joiner) {
  const ByComponent groups = group(map.saddles.size(), components, [&](std::size_t i) {
    return map.basins[at(map.saddles[i].a)].component;
  });
  constexpr std::ptrdiff_t components_at_once = 256;
  parallel_bands(components, components_at_once, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    std::vector<const Saddle*> saddles;
    for (std::ptrdiff_t c = first; c < last; ++c) {
      saddles.clear();
      const auto begin = groups.start[static_cast<std::size_t>(c)];
      const auto end = groups.start[static_cast<std::size_t>(c) + 1];
      for (std::size_t i = begin; i < end; ++i)
        saddles.push_back(&map.saddles[at(groups.order[i])]);
      joiner.join(saddles);
    }
  });
}

void add_basin(const Basin& basin, Detection& source) {
  source.pixels += basin.pixels;
  source.x0 = std::min(source.x0, basin.x0);
  source.x1 = std::max(source.x1, basin.x1);
  source.y0 = std::min(source.y0, basin.y0);
  source.y1 = std::max(source.y1, basin.y1);
}

/// Lists the objects and gives each basin the label of its own.
std::vector<std::int32_t> list_sources(const BasinMap& map, Joiner& joiner,
                                       std::vector<Detection>& sources) {
  std::vector<std::int32_t> label(map.basins.size() + 1, 0);
  for (std::size_t i = 0; i < map.basins.size(); ++i) {
    const Basin& basin = map.basins[i];
    if (joiner.object_of(static_cast<std::int32_t>(i)) != static_cast<std::int32_t>(i)) continue;
    Detection source;
    source.peak_x = source.x0 = source.x1 = basin.peak_x;
    source.peak_y = source.y0 = source.y1 = basin.peak_y;
    source.snr = basin.peak;
    source.parent = basin.component;
    sources.push_back(source);
    label[i + 1] = static_cast<std::int32_t>(sources.size());
  }
  for (std::size_t i = 0; i < map.basins.size(); ++i) {
    const std::int32_t object = joiner.object_of(static_cast<std::int32_t>(i));
    label[i + 1] = label[at(object) + 1];
    add_basin(map.basins[i], sources[at(label[i + 1]) - 1]);
  }
  return label;
}

void flag(std::vector<Detection>& sources, std::int32_t components, View<const float> snr,
          const DetectSettings& settings) {
  std::vector<std::int32_t> children(at(components), 0);
  for (const Detection& source : sources) ++children[at(source.parent)];
  for (Detection& source : sources) {
    const std::int32_t siblings = children[at(source.parent)];
    if (siblings > 1) source.flags |= source_flags::blended;
    if (siblings > settings.max_children) source.flags |= source_flags::too_many_children;
    if (source.x0 == 0 || source.y0 == 0 || source.x1 + 1 == snr.width ||
        source.y1 + 1 == snr.height) {
      source.flags |= source_flags::edge;
    }
    if (std::max(source.x1 - source.x0, source.y1 - source.y0) >= settings.max_extent_px) {
      source.flags |= source_flags::too_large;
    }
  }
}

}  // namespace

Detections deblend(View<const float> snr, const Components& components, const MeasuredPixels& image,
                   const DetectSettings& settings) {
  BasinMap map = find_basins(snr, components);
  Joiner joiner(snr, map, image, settings);
  join_all(map, components.count, joiner);
  Detections result;
  const std::vector<std::int32_t> label = list_sources(map, joiner, result.sources);
  result.labels = std::move(map.labels);
  constexpr std::ptrdiff_t runs_at_once = 8192;
  parallel_bands(static_cast<std::ptrdiff_t>(components.runs.size()), runs_at_once,
                 [&](std::ptrdiff_t first, std::ptrdiff_t last) {
                   for (std::ptrdiff_t i = first; i < last; ++i) {
                     const PixelRun& run = components.runs[static_cast<std::size_t>(i)];
                     if (run.component < 0) continue;
                     std::int32_t* row = result.labels.view().row(run.y);
                     for (std::int32_t x = run.x0; x < run.x1; ++x) row[x] = label[at(row[x])];
                   }
                 });
  flag(result.sources, components.count, snr, settings);
  return result;
}

}  // namespace polis
