#include "kernels/difference_stars.h"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/robust.h"
#include "kernels/star_centre.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kStarsPerCell = 3;
constexpr std::ptrdiff_t kCandidatesPerCell = 24;
constexpr std::ptrdiff_t kLeastCell = 24;  // [px]
constexpr std::ptrdiff_t kCore = 4;        // [px]: no unusable pixel this near to a star's middle
constexpr std::ptrdiff_t kSlack = 2;       // [px]: between a star's highest pixels in the frames
constexpr std::size_t kSeeingStars = 200;

FrameLevels measure_levels(const DifferenceFrame& frame) {
  FrameLevels levels;
  const Level level = image_level(frame.pixels, frame.mask, mask_bits::unusable, 1U << 16);
  if (level.count == 0) return levels;
  levels.sky = level.level;
  levels.noise = level.sigma;
  std::vector<float> variances =
      sample_pixels(frame.variance, frame.mask, mask_bits::unusable, 1U << 14);
  std::erase_if(variances, [](float v) { return !(v > 0.0F) || !std::isfinite(v); });
  if (!variances.empty()) levels.variance = static_cast<double>(median_in_place(variances));
  return levels;
}

/// Whether any of 16 pixels is above the threshold, without a branch per pixel.
bool any_above(const float* pixels, float threshold) {
  int above = 0;
  for (int i = 0; i < 16; ++i) above |= pixels[i] > threshold ? 1 : 0;
  return above != 0;
}

bool highest_of_nine(View<const float> pixels, std::ptrdiff_t x, std::ptrdiff_t y) {
  const float value = pixels(x, y);
  for (std::ptrdiff_t j = -1; j <= 1; ++j) {
    for (std::ptrdiff_t i = -1; i <= 1; ++i) {
      if (i == 0 && j == 0) continue;
      const float other = pixels(x + i, y + j);
      // Of equal neighbours the last counts.
      const bool later = j > 0 || (j == 0 && i > 0);
      if (!(later ? value > other : value >= other)) return false;
    }
  }
  return true;
}

struct Cell {
  std::ptrdiff_t x0, y0, x1, y1;
};

class Chooser {
 public:
  Chooser(const DifferenceFrame& science, const DifferenceFrame& reference,
          const DifferenceSettings& settings, const StarChoice& levels)
      : science_(science),
        reference_(reference),
        margin_(settings.kernel_radius_px + match_window_radius),
        science_least_(least(levels.science, settings.min_star_snr)),
        reference_least_(least(levels.reference, settings.min_star_snr)),
        sky_(static_cast<float>(levels.science.sky)) {}

  /// The brightest good stars of a cell.
  std::vector<MatchStar> search(Cell cell) const {
    cell.x0 = std::max(cell.x0, margin_);
    cell.y0 = std::max(cell.y0, margin_);
    cell.x1 = std::min(cell.x1, science_.pixels.width - margin_);
    cell.y1 = std::min(cell.y1, science_.pixels.height - margin_);
    std::vector<MatchStar> found;
    for (std::ptrdiff_t y = cell.y0; y < cell.y1; ++y) search_row(cell, y, found);
    keep_brightest(found, static_cast<std::size_t>(kCandidatesPerCell));
    std::erase_if(found, [&](const MatchStar& star) { return !good(star); });
    keep_brightest(found, static_cast<std::size_t>(kStarsPerCell));
    return found;
  }

 private:
  static float least(const FrameLevels& levels, double snr) {
    return static_cast<float>(levels.sky + snr * std::max(levels.noise, 1e-30));
  }

  static void keep_brightest(std::vector<MatchStar>& stars, std::size_t count) {
    std::sort(stars.begin(), stars.end(),
              [](const MatchStar& a, const MatchStar& b) { return a.peak > b.peak; });
    if (stars.size() > count) stars.resize(count);
  }

  void search_row(const Cell& cell, std::ptrdiff_t y, std::vector<MatchStar>& found) const {
    const float* row = science_.pixels.row(y);
    for (std::ptrdiff_t x = cell.x0; x < cell.x1;) {
      const std::ptrdiff_t last = std::min(x + 16, cell.x1);
      if (last - x == 16 && !any_above(row + x, science_least_)) {
        x = last;
        continue;
      }
      for (; x < last; ++x) {
        if (row[x] > science_least_ && highest_of_nine(science_.pixels, x, y)) {
          found.push_back({x, y, row[x] - sky_});
          if (found.size() > 64U * static_cast<std::size_t>(kCandidatesPerCell)) {
            keep_brightest(found, static_cast<std::size_t>(kCandidatesPerCell));
          }
        }
      }
    }
  }

  bool good(const MatchStar& star) const {
    float highest = -1e30F;
    for (std::ptrdiff_t j = -kCore; j <= kCore; ++j) {
      for (std::ptrdiff_t i = -kCore; i <= kCore; ++i) {
        const std::ptrdiff_t x = star.x + i;
        const std::ptrdiff_t y = star.y + j;
        if (!usable_pixel(science_, x, y) || !usable_pixel(reference_, x, y)) return false;
        if (std::max(std::abs(i), std::abs(j)) <= kSlack) {
          highest = std::max(highest, reference_.pixels(x, y));
        }
      }
    }
    return highest > reference_least_;
  }

  const DifferenceFrame& science_;
  const DifferenceFrame& reference_;
  std::ptrdiff_t margin_;
  float science_least_, reference_least_;
  float sky_;
};

/// Fills up with the brightest of every cell, then with the second ones, ... until there are
/// enough.
std::vector<MatchStar> deal(const std::vector<std::vector<MatchStar>>& cells, std::size_t wanted) {
  std::vector<MatchStar> chosen;
  for (std::size_t rank = 0; rank < static_cast<std::size_t>(kStarsPerCell); ++rank) {
    std::vector<MatchStar> layer;
    for (const auto& cell : cells) {
      if (rank < cell.size()) layer.push_back(cell[rank]);
    }
    const std::size_t room = wanted - std::min(wanted, chosen.size());
    if (layer.size() > room) {
      std::stable_sort(layer.begin(), layer.end(),
                       [](const MatchStar& a, const MatchStar& b) { return a.peak > b.peak; });
      layer.resize(room);
    }
    chosen.insert(chosen.end(), layer.begin(), layer.end());
  }
  std::sort(chosen.begin(), chosen.end(), [](const MatchStar& a, const MatchStar& b) {
    return a.y != b.y ? a.y < b.y : a.x < b.x;
  });
  return chosen;
}

}  // namespace

StarChoice choose_match_stars(const DifferenceFrame& science, const DifferenceFrame& reference,
                              const DifferenceSettings& settings) {
  StarChoice choice;
  parallel_for(2, [&](std::ptrdiff_t which) {
    (which == 0 ? choice.science : choice.reference) =
        measure_levels(which == 0 ? science : reference);
  });
  const std::ptrdiff_t width = science.pixels.width;
  const std::ptrdiff_t height = science.pixels.height;
  const double area = static_cast<double>(width) * static_cast<double>(height);
  const auto edge =
      std::max(kLeastCell,
               static_cast<std::ptrdiff_t>(std::sqrt(area / std::max(1, settings.wanted_stars))));
  const std::ptrdiff_t columns = (width + edge - 1) / edge;
  const std::ptrdiff_t rows = (height + edge - 1) / edge;
  std::vector<std::vector<MatchStar>> cells(static_cast<std::size_t>(columns * rows));
  const Chooser chooser(science, reference, settings, choice);
  parallel_for(rows, [&](std::ptrdiff_t row) {
    for (std::ptrdiff_t column = 0; column < columns; ++column) {
      cells[static_cast<std::size_t>(row * columns + column)] =
          chooser.search({column * edge, row * edge, std::min(width, (column + 1) * edge),
                          std::min(height, (row + 1) * edge)});
    }
  });
  choice.stars = deal(cells, static_cast<std::size_t>(std::max(0, settings.wanted_stars)));
  return choice;
}

double measure_seeing(const DifferenceFrame& frame, double sky,
                      const std::vector<MatchStar>& stars) {
  std::vector<float> widths;
  const std::size_t step = stars.size() / kSeeingStars + 1;
  for (std::size_t k = 0; k < stars.size(); k += step) {
    const StarCentre centre = measure_star_centre(frame.pixels, sky, stars[k].x, stars[k].y);
    if (centre.fwhm_px > 0.0) widths.push_back(static_cast<float>(centre.fwhm_px));
  }
  return widths.empty() ? 0.0 : static_cast<double>(median_in_place(widths));
}

}  // namespace polis
