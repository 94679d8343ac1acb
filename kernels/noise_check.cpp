#include "kernels/noise_check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kCell = 64;
constexpr std::ptrdiff_t kMostCells = 8;  // along each axis
constexpr std::ptrdiff_t kBlock = 4;
constexpr std::ptrdiff_t kFewestInBlock = 13;  // usable pixels
constexpr std::size_t kFewestValues = 60;
/// Less noise than this share of the model's is none: a constant image, or one rounded to integers.
constexpr double kLeastRatio = 1e-3;
/// A cell's variance scatters by a tenth: what lies no more than this above the lower quartile is
/// as quiet.
constexpr double kQuietFactor = 1.5;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Cell {
  double fine = kNan;      ///< [unit^2] per pixel
  double coarse = kNan;    ///< [unit^2] per pixel
  double modelled = kNan;  ///< [unit^2] per pixel
};

double variance_of(std::vector<float>& values) {
  if (values.size() < kFewestValues) return kNan;
  const double sigma = clipped_level(values).sigma;
  return sigma * sigma;
}

/// Sums of the blocks of a cell above its level; NaN where too many pixels are unusable.
struct Blocks {
  std::ptrdiff_t columns = 0, rows = 0;
  std::vector<float> sums;
  std::vector<float> variances;  ///< means of the usable blocks
  float at(std::ptrdiff_t i, std::ptrdiff_t j) const {
    return sums[static_cast<std::size_t>(j * columns + i)];
  }
};

/// The usable pixels stand for those that are not.
void add_block(View<const float> image, View<const float> variance, float level, Blocks& blocks) {
  constexpr auto area = static_cast<float>(kBlock * kBlock);
  float sum = 0.0F, modelled = 0.0F;
  std::ptrdiff_t usable = 0;
  for (std::ptrdiff_t y = 0; y < kBlock; ++y) {
    for (std::ptrdiff_t x = 0; x < kBlock; ++x) {
      if (!std::isfinite(image(x, y))) continue;
      sum += image(x, y) - level;
      modelled += variance(x, y);
      ++usable;
    }
  }
  const bool enough = usable >= kFewestInBlock;
  const auto count = static_cast<float>(usable);
  blocks.sums.push_back(enough ? sum * area / count : std::numeric_limits<float>::quiet_NaN());
  if (enough && modelled > 0.0F) blocks.variances.push_back(modelled / count);
}

Blocks add_up(View<const float> image, View<const float> variance, float level) {
  Blocks blocks;
  blocks.columns = image.width / kBlock;
  blocks.rows = image.height / kBlock;
  for (std::ptrdiff_t j = 0; j < blocks.rows; ++j) {
    for (std::ptrdiff_t i = 0; i < blocks.columns; ++i) {
      add_block(image.cut(i * kBlock, j * kBlock, kBlock, kBlock),
                variance.cut(i * kBlock, j * kBlock, kBlock, kBlock), level, blocks);
    }
  }
  return blocks;
}

/// Response to what is neither flat nor sloped nor bent along one axis only: the difference of two
/// Laplacians (Immerkaer 1996, Comp. Vis. Image Underst. 64, 300), so that white noise of variance
/// 1 gives 1.
template <class At>
float bumpiness(At&& at, std::ptrdiff_t x, std::ptrdiff_t y) {
  const float corners = at(x - 1, y - 1) + at(x + 1, y - 1) + at(x - 1, y + 1) + at(x + 1, y + 1);
  const float sides = at(x, y - 1) + at(x - 1, y) + at(x + 1, y) + at(x, y + 1);
  return (corners - 2.0F * sides + 4.0F * at(x, y)) / 6.0F;
}

Plane<float> usable_pixels(View<const float> image, View<const MaskPixel> mask) {
  Plane<float> out(image.width, image.height);
  for (std::ptrdiff_t y = 0; y < image.height; ++y) {
    for (std::ptrdiff_t x = 0; x < image.width; ++x) {
      const bool usable = mask.empty() || (mask(x, y) & mask_bits::unusable) == 0;
      out(x, y) = usable ? image(x, y) : std::numeric_limits<float>::quiet_NaN();
    }
  }
  return out;
}

Cell measure_cell(View<const float> image, View<const float> variance, View<const MaskPixel> mask) {
  const Plane<float> pixels = usable_pixels(image, mask);
  std::vector<float> some = sample_pixels(pixels.view(), {}, 0, 256);
  const Blocks blocks = add_up(pixels.view(), variance, median_in_place(some));
  std::vector<float> variances = blocks.variances;
  Cell cell;
  if (variances.empty()) return cell;
  std::vector<float> fine, coarse;
  const auto add = [](std::vector<float>& to, float value) {
    if (std::isfinite(value)) to.push_back(value);
  };
  const auto sum_at = [&](std::ptrdiff_t i, std::ptrdiff_t j) { return blocks.at(i, j); };
  for (std::ptrdiff_t j = 0; j < blocks.rows; ++j) {
    for (std::ptrdiff_t i = 0; i < blocks.columns; ++i) {
      add(fine, bumpiness(pixels.view(), i * kBlock + 1, j * kBlock + 1));
      if (i < 1 || j < 1 || i + 1 >= blocks.columns || j + 1 >= blocks.rows) continue;
      add(coarse, bumpiness(sum_at, i, j));
    }
  }
  cell.modelled = static_cast<double>(median_in_place(variances));
  cell.fine = variance_of(fine);
  cell.coarse = variance_of(coarse) / static_cast<double>(kBlock * kBlock);
  return cell;
}

std::vector<Cell> measure_cells(View<const float> image, View<const float> variance,
                                View<const MaskPixel> mask) {
  const std::ptrdiff_t width = std::min(kCell, image.width);
  const std::ptrdiff_t height = std::min(kCell, image.height);
  const std::ptrdiff_t columns = std::min(kMostCells, image.width / width);
  const std::ptrdiff_t rows = std::min(kMostCells, image.height / height);
  std::vector<Cell> cells(static_cast<std::size_t>(columns * rows));
  parallel_for(columns * rows, [&](std::ptrdiff_t k) {
    const std::ptrdiff_t i = k % columns, j = k / columns;
    const std::ptrdiff_t x0 = columns > 1 ? i * (image.width - width) / (columns - 1) : 0;
    const std::ptrdiff_t y0 = rows > 1 ? j * (image.height - height) / (rows - 1) : 0;
    cells[static_cast<std::size_t>(k)] =
        measure_cell(image.cut(x0, y0, width, height), variance.cut(x0, y0, width, height),
                     mask.empty() ? mask : mask.cut(x0, y0, width, height));
  });
  std::erase_if(
      cells, [](const Cell& c) { return !(c.fine >= 0.0 && c.coarse >= 0.0 && c.modelled > 0); });
  return cells;
}

double lower_quartile(std::vector<double> values) {
  const auto quartile = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 4);
  std::nth_element(values.begin(), quartile, values.end());
  return *quartile;
}

/// Median of the values among which nothing tells that one is more than noise.
double quiet_median(const std::vector<double>& values) {
  const double most = kQuietFactor * lower_quartile(values);
  std::vector<float> quiet;
  for (const double value : values)
    if (value <= most) quiet.push_back(static_cast<float>(value));
  return static_cast<double>(median_in_place(quiet));
}

}  // namespace

NoiseCheck check_noise(View<const float> image, View<const float> variance,
                       View<const MaskPixel> mask) {
  NoiseCheck check{kNan, kNan, kNan, 0};
  if (image.width < kBlock || image.height < kBlock) return check;
  const std::vector<Cell> cells = measure_cells(image, variance, mask);
  if (cells.empty()) return check;
  std::vector<double> fine, coarse;
  for (const Cell& cell : cells) {
    fine.push_back(cell.fine / cell.modelled);
    coarse.push_back(cell.coarse / cell.modelled);
  }
  check.fine = quiet_median(fine);
  check.coarse = quiet_median(coarse);
  const double most = kQuietFactor * lower_quartile(coarse);
  std::vector<float> excess;
  for (std::size_t k = 0; k < cells.size(); ++k)
    if (coarse[k] <= most)
      excess.push_back(static_cast<float>(cells[k].coarse - cells[k].modelled));
  check.cells = excess.size();
  check.excess = static_cast<double>(median_in_place(excess));
  return check;
}

NoiseVerdict judge_noise(const NoiseCheck& check) {
  if (!(check.coarse > kLeastRatio)) return NoiseVerdict::unknown;
  if (check.fine > kNoiseTolerance && check.excess > 0.0) return NoiseVerdict::too_small;
  if (check.coarse < 1.0 / kNoiseTolerance) return NoiseVerdict::too_large;
  return NoiseVerdict::holds;
}

void correct_variance(const NoiseCheck& check, View<float> variance) {
  const NoiseVerdict verdict = judge_noise(check);
  if (verdict != NoiseVerdict::too_small && verdict != NoiseVerdict::too_large) return;
  const bool add = verdict == NoiseVerdict::too_small;
  const float offset = add ? static_cast<float>(check.excess) : 0.0F;
  const float scale = add ? 1.0F : static_cast<float>(check.coarse);
  parallel_bands(variance.height, 32, [&](auto first, auto last) {
    for (auto y = first; y < last; ++y)
      for (float* v = variance.row(y); v != variance.row(y) + variance.width; ++v)
        *v = *v * scale + offset;
  });
}

}  // namespace polis
