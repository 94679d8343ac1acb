#include "kernels/bleed.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace polis {
namespace {

struct Pixel {
  std::ptrdiff_t x, y;
};

/// A connected set of saturated pixels.
struct Core {
  std::vector<Pixel> pixels;
  std::ptrdiff_t x0, x1, y0, y1;  ///< first and last column and row
  std::ptrdiff_t centre_x = 0, centre_y = 0;
  double radius = 0.0;
};

Core fill_from(View<const MaskPixel> mask, Pixel start, Plane<std::uint8_t>& seen) {
  Core core{{start}, start.x, start.x, start.y, start.y, 0, 0, 0.0};
  seen(start.x, start.y) = 1;
  for (std::size_t next = 0; next < core.pixels.size(); ++next) {
    const Pixel p = core.pixels[next];
    core.x0 = std::min(core.x0, p.x);
    core.x1 = std::max(core.x1, p.x);
    core.y0 = std::min(core.y0, p.y);
    core.y1 = std::max(core.y1, p.y);
    for (std::ptrdiff_t k = 0; k < 9; ++k) {
      const Pixel q{p.x + k % 3 - 1, p.y + k / 3 - 1};
      if (!mask.contains(q.x, q.y) || seen(q.x, q.y) != 0) continue;
      if ((mask(q.x, q.y) & mask_bits::saturated) == 0) continue;
      seen(q.x, q.y) = 1;
      core.pixels.push_back(q);
    }
  }
  return core;
}

/// The star's own core: about the middle of the rows that are widest, as high as those are wide.
void measure(Core& core) {
  const auto rows = static_cast<std::size_t>(core.y1 - core.y0 + 1);
  std::vector<std::ptrdiff_t> width(rows, 0);
  std::vector<std::ptrdiff_t> sum(rows, 0);
  for (const Pixel& p : core.pixels) {
    const auto row = static_cast<std::size_t>(p.y - core.y0);
    ++width[row];
    sum[row] += p.x;
  }
  const std::ptrdiff_t widest = *std::max_element(width.begin(), width.end());
  // The widest row alone would jump about: take the middle of those that are nearly as wide.
  std::ptrdiff_t rows_sum = 0;
  std::ptrdiff_t rows_count = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    if (10 * width[row] < 9 * widest) continue;
    rows_sum += static_cast<std::ptrdiff_t>(row);
    ++rows_count;
  }
  const auto middle = static_cast<std::size_t>(rows_sum / rows_count);
  core.centre_y = core.y0 + static_cast<std::ptrdiff_t>(middle);
  core.centre_x = width[middle] > 0 ? sum[middle] / width[middle] : (core.x0 + core.x1) / 2;
  core.radius = 0.5 * static_cast<double>(widest);
}

/// The most that the star gives at a distance from its centre, which is known to half a pixel; NaN
/// beyond both borders.
float beside(View<const float> image, const Core& core, double distance) {
  float level = std::numeric_limits<float>::quiet_NaN();
  const auto nearer = static_cast<std::ptrdiff_t>(std::floor(distance - 1.0));
  for (const std::ptrdiff_t x : {core.centre_x - nearer, core.centre_x + nearer}) {
    if (x < 0 || x >= image.width) continue;
    const float value = image(x, core.centre_y);
    level = level > value ? level : value;
  }
  return level;
}

/// Marks a column from the core outward until nothing has been bled in two pixels.
std::size_t walk(View<const float> image, View<const float> variance, const Core& core,
                 std::ptrdiff_t x, std::ptrdiff_t direction, const BleedOptions& options,
                 View<MaskPixel> mask) {
  std::size_t count = 0;
  int missed = 0;
  const auto start = static_cast<std::ptrdiff_t>(std::ceil(core.radius)) + 2;
  for (std::ptrdiff_t r = start; missed < 2; ++r) {
    const std::ptrdiff_t y = core.centre_y + direction * r;
    if (y < 0 || y >= image.height) break;
    const double distance =
        std::hypot(static_cast<double>(x - core.centre_x), static_cast<double>(r));
    const float star = beside(image, core, distance);
    const bool saturated = (mask(x, y) & mask_bits::saturated) != 0;
    const double limit =
        options.sigma * std::sqrt(2.0 * std::max(0.0, static_cast<double>(variance(x, y))));
    // A tenth of the star's light allows for images that are not quite round.
    const bool bled =
        static_cast<double>(image(x, y) - star) > limit + 0.1 * std::abs(static_cast<double>(star));
    if (!saturated && !bled) {
      ++missed;
      continue;
    }
    missed = 0;
    count += (mask(x, y) & mask_bits::bleed) == 0 ? 1U : 0U;
    mask(x, y) |= mask_bits::bleed;
  }
  return count;
}

}  // namespace

std::size_t flag_bleeds(View<const float> image, View<const float> variance,
                        const BleedOptions& options, View<MaskPixel> mask) {
  Plane<std::uint8_t> seen(mask.width, mask.height);
  std::size_t count = 0;
  for (std::ptrdiff_t y = 0; y < mask.height; ++y) {
    const MaskPixel* row = mask.row(y);
    for (std::ptrdiff_t x = 0; x < mask.width; ++x) {
      if ((row[x] & mask_bits::saturated) == 0 || seen(x, y) != 0) continue;
      Core core = fill_from(mask, {x, y}, seen);
      if (static_cast<std::ptrdiff_t>(core.pixels.size()) < options.min_pixels) continue;
      measure(core);
      // The columns beside the core may have taken up charge as well.
      for (std::ptrdiff_t c = std::max<std::ptrdiff_t>(0, core.x0 - 1);
           c <= std::min(mask.width - 1, core.x1 + 1); ++c) {
        count += walk(image, variance, core, c, 1, options, mask);
        count += walk(image, variance, core, c, -1, options, mask);
      }
    }
  }
  return count;
}

}  // namespace polis
