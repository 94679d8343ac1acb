#include "kernels/basins.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <unordered_map>

#include "kernels/parallel.h"
#include "kernels/saddle_table.h"
#include "kernels/simd.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t rows_per_band = 64;
constexpr float lowest = std::numeric_limits<float>::lowest();

// Where a pixel climbs to, in raster order of its neighbours; 4 is the pixel itself, a maximum.
constexpr std::int32_t summit = 4;
constexpr std::array<std::int32_t, 9> step_x{-1, 0, 1, -1, 0, 1, -1, 0, 1};
constexpr std::array<std::int32_t, 9> step_y{-1, -1, -1, 0, 0, 0, 1, 1, 1};

using simd::Float8;
using simd::Int8;
using simd::load;
using simd::splat;

/// The three rows about a pixel row, at its first column minus one: outside the image, lowest
/// values.
struct Neighbourhood {
  const float* up;
  const float* here;
  const float* down;
};

/// The way up from one pixel; pixels outside the image (`left`, `right` false) are lower than all.
std::int32_t way_up(const Neighbourhood& rows, std::ptrdiff_t x, bool left, bool right) {
  std::int32_t best_way = summit;
  float best = rows.here[x];
  for (std::int32_t way = 0; way < 9; ++way) {
    if (way == summit || (step_x[static_cast<std::size_t>(way)] < 0 && !left) ||
        (step_x[static_cast<std::size_t>(way)] > 0 && !right)) {
      continue;
    }
    const float* row = way < 3 ? rows.up : way < 6 ? rows.here : rows.down;
    const float value = row[x + step_x[static_cast<std::size_t>(way)]];
    // An equal pixel is higher if it comes first.
    if (value > best || (value == best && way < summit && best_way == summit)) {
      best = value;
      best_way = way;
    }
  }
  return best_way;
}

/// The same for eight pixels inside the image.
Int8 way_up_8(const Neighbourhood& rows, std::ptrdiff_t x) {
  Float8 best = load(rows.up + x - 1);
  Int8 way{};
  const auto consider = [&](Float8 value, Int8 higher, std::int32_t number) {
    best = higher ? value : best;
    way = higher ? Int8{} + number : way;
  };
  const auto try_higher = [&](const float* row, std::ptrdiff_t at, std::int32_t number) {
    const Float8 value = load(row + at);
    consider(value, value > best, number);
  };
  try_higher(rows.up, x, 1);
  try_higher(rows.up, x + 1, 2);
  try_higher(rows.here, x - 1, 3);
  try_higher(rows.here, x, summit);
  try_higher(rows.here, x + 1, 5);
  try_higher(rows.down, x - 1, 6);
  try_higher(rows.down, x, 7);
  try_higher(rows.down, x + 1, 8);
  return way;
}

class BasinFinder {
 public:
  BasinFinder(View<const float> image, const Components& components, BasinMap& result)
      : image_(image),
        components_(components),
        result_(result),
        ways_(image.width, image.height),
        outside_(static_cast<std::size_t>(image.width), lowest),
        bands_(static_cast<std::size_t>((image.height + rows_per_band - 1) / rows_per_band)) {}

  void run() {
    for_bands([&](std::size_t band) { look_up(band); });
    number_basins();
    for_bands([&](std::size_t band) { climb(band); });
    for_bands([&](std::size_t band) { label_summits(band); });
    for_bands([&](std::size_t band) { survey(band); });
    collect();
  }

 private:
  struct Band {
    std::vector<Basin> summits;
    std::int32_t first_number = 0;
    std::unordered_map<std::int32_t, Basin> foreign;  // parts of basins with summits in other bands
    std::vector<Saddle> saddles;
  };

  template <class Body>
  void for_bands(Body&& body) {
    parallel_for(static_cast<std::ptrdiff_t>(bands_.size()),
                 [&](std::ptrdiff_t band) { body(static_cast<std::size_t>(band)); });
  }
  static std::size_t band_of(std::int32_t y) { return static_cast<std::size_t>(y / rows_per_band); }

  /// Calls `body(run)` for the kept runs of a band, in raster order.
  template <class Body>
  void for_runs(std::size_t band, Body&& body) const {
    const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(band) * rows_per_band;
    const std::ptrdiff_t last = std::min(first + rows_per_band, image_.height);
    const std::size_t end = components_.row_start[static_cast<std::size_t>(last)];
    for (std::size_t i = components_.row_start[static_cast<std::size_t>(first)]; i < end; ++i) {
      if (components_.runs[i].component >= 0) body(components_.runs[i]);
    }
  }

  Neighbourhood about(std::int32_t y) const {
    return {y > 0 ? image_.row(y - 1) : outside_.data(), image_.row(y),
            y + 1 < image_.height ? image_.row(y + 1) : outside_.data()};
  }

  void look_up(std::size_t band) {
    for_runs(band, [&](const PixelRun& run) {
      const Neighbourhood rows = about(run.y);
      std::int8_t* ways = ways_.view().row(run.y);
      std::int32_t x = run.x0;
      while (x < run.x1) {
        std::int32_t count = 1;
        if (x > 0 && x + 9 <= image_.width) {
          const Int8 way = way_up_8(rows, x);
          count = std::min(8, run.x1 - x);
          for (std::int32_t k = 0; k < count; ++k) ways[x + k] = static_cast<std::int8_t>(way[k]);
        } else {
          ways[x] = static_cast<std::int8_t>(way_up(rows, x, x > 0, x + 1 < image_.width));
        }
        for (std::int32_t k = 0; k < count; ++k) {
          if (ways[x + k] == summit) add_summit(band, x + k, run);
        }
        x += count;
      }
    });
  }

  void add_summit(std::size_t band, std::int32_t x, const PixelRun& run) {
    Basin basin;
    basin.peak_x = x;
    basin.peak_y = run.y;
    basin.peak = image_(x, run.y);
    basin.component = run.component;
    basin.x0 = basin.x1 = x;
    basin.y0 = basin.y1 = run.y;
    bands_[band].summits.push_back(basin);
    result_.labels(x, run.y) = static_cast<std::int32_t>(bands_[band].summits.size());
  }

  void number_basins() {
    std::int32_t count = 0;
    for (Band& band : bands_) {
      band.first_number = count;
      count += static_cast<std::int32_t>(band.summits.size());
    }
    result_.basins.resize(static_cast<std::size_t>(count));
    for (const Band& band : bands_) {
      std::copy(band.summits.begin(), band.summits.end(),
                result_.basins.begin() + band.first_number);
    }
  }

  /// Labels all pixels but the summits, whose labels other bands still read as numbers within the
  /// band.
  void climb(std::size_t band) {
    for_runs(band, [&](const PixelRun& run) {
      std::int32_t* labels = result_.labels.view().row(run.y);
      for (std::int32_t x = run.x0; x < run.x1; ++x) {
        if (ways_(x, run.y) != summit) labels[x] = label_above(band, x, run.y);
      }
    });
  }

  std::int32_t label_above(std::size_t band, std::int32_t x, std::int32_t y) const {
    const std::int32_t start_x = x;
    const std::int32_t start_y = y;
    while (true) {
      const auto way = static_cast<std::size_t>(ways_(x, y));
      if (way == summit) return bands_[band_of(y)].first_number + result_.labels(x, y);
      x += step_x[way];
      y += step_y[way];
      const bool passed = y < start_y || (y == start_y && x < start_x);
      if (passed && ways_(x, y) != summit && band_of(y) == band) return result_.labels(x, y);
    }
  }

  void label_summits(std::size_t band) {
    std::int32_t label = bands_[band].first_number;
    for (const Basin& basin : bands_[band].summits) {
      result_.labels(basin.peak_x, basin.peak_y) = ++label;
    }
  }

  /// Sums up the basins' pixels and finds the saddles to the neighbours that come later in the
  /// image.
  void survey(std::size_t band) {
    SaddleTable table;
    for_runs(band, [&](const PixelRun& run) {
      survey_pixels(band, run);
      survey_borders(run, table);
    });
    bands_[band].saddles = table.take();
  }

  void survey_pixels(std::size_t band, const PixelRun& run) {
    const std::int32_t* labels = result_.labels.view().row(run.y);
    const float* values = image_.row(run.y);
    std::int32_t x = run.x0;
    while (x < run.x1) {
      const std::int32_t label = labels[x];
      const std::int32_t start = x;
      double sum = 0.0;
      for (; x < run.x1 && labels[x] == label; ++x) sum += static_cast<double>(values[x]);
      add_part(part_of(band, label - 1, start, run.y), sum, start, x, run.y);
    }
  }

  Basin& part_of(std::size_t band, std::int32_t basin, std::int32_t x, std::int32_t y) {
    const auto own = static_cast<std::size_t>(basin - bands_[band].first_number);
    if (basin >= bands_[band].first_number && own < bands_[band].summits.size()) {
      return result_.basins[static_cast<std::size_t>(basin)];
    }
    Basin empty;
    empty.x0 = empty.x1 = x;
    empty.y0 = empty.y1 = y;
    return bands_[band].foreign.try_emplace(basin, empty).first->second;
  }

  static void add_part(Basin& basin, double sum, std::int32_t x0, std::int32_t end,
                       std::int32_t y) {
    basin.sum += sum;
    basin.pixels += end - x0;
    basin.x0 = std::min(basin.x0, x0);
    basin.x1 = std::max(basin.x1, end - 1);
    basin.y0 = std::min(basin.y0, y);
    basin.y1 = std::max(basin.y1, y);
  }

  void survey_borders(const PixelRun& run, SaddleTable& table) const {
    survey_pairs(run, run.y, 1, table);
    if (run.y + 1 == image_.height) return;
    for (std::int32_t dx = -1; dx <= 1; ++dx) survey_pairs(run, run.y + 1, dx, table);
  }

  /// Pairs of a run's pixels with those `dx` further on row `other_y`.
  void survey_pairs(const PixelRun& run, std::int32_t other_y, std::int32_t dx,
                    SaddleTable& table) const {
    const std::int32_t* labels = result_.labels.view().row(run.y);
    const std::int32_t* others = result_.labels.view().row(other_y);
    const float* values = image_.row(run.y);
    const float* other_values = image_.row(other_y);
    const std::int32_t first = std::max(run.x0, -dx);
    const std::int32_t last =
        std::min(run.x1, static_cast<std::int32_t>(image_.width) - std::max(0, dx));
    const auto pair = [&](std::int32_t x) {
      const std::int32_t label = labels[x];
      const std::int32_t other = others[x + dx];
      if (label == other || other == 0) return;
      const bool here_lower = values[x] <= other_values[x + dx];
      Saddle saddle{std::min(label, other) - 1, std::max(label, other) - 1, 0.0F, 0, 0};
      saddle.height = here_lower ? values[x] : other_values[x + dx];
      saddle.x = here_lower ? x : x + dx;
      saddle.y = here_lower ? run.y : other_y;
      table.add(saddle);
    };
    // Most pixels have their own kind beside them: look at eight pairs at once.
    std::int32_t x = first;
    for (; x < last && x + 8 + std::max(0, dx) <= image_.width; x += 8) {
      const Int8 here = load(labels + x);
      const Int8 there = load(others + x + dx);
      unsigned differ = simd::bits((here != there) & (there != 0));
      if (last - x < 8) differ &= (1U << (last - x)) - 1U;
      for (; differ != 0; differ &= differ - 1) pair(x + std::countr_zero(differ));
    }
    for (; x < last; ++x) pair(x);
  }

  void collect() {
    std::vector<std::pair<std::int32_t, const Basin*>> parts;
    for (Band& band : bands_) {
      result_.saddles.insert(result_.saddles.end(), band.saddles.begin(), band.saddles.end());
      parts.clear();
      for (const auto& [number, part] : band.foreign) parts.emplace_back(number, &part);
      std::sort(parts.begin(), parts.end());
      for (const auto& [number, part] : parts) {
        Basin& whole = result_.basins[static_cast<std::size_t>(number)];
        whole.sum += part->sum;
        whole.pixels += part->pixels;
        whole.x0 = std::min(whole.x0, part->x0);
        whole.x1 = std::max(whole.x1, part->x1);
        whole.y0 = std::min(whole.y0, part->y0);
        whole.y1 = std::max(whole.y1, part->y1);
      }
    }
  }

  View<const float> image_;
  const Components& components_;
  BasinMap& result_;
  Plane<std::int8_t> ways_;
  std::vector<float> outside_;
  std::vector<Band> bands_;
};

}  // namespace

BasinMap find_basins(View<const float> image, const Components& components) {
  BasinMap result;
  result.labels = Plane<std::int32_t>(image.width, image.height);
  if (!image.empty()) BasinFinder(image, components, result).run();
  return result;
}

}  // namespace polis
