#include "kernels/matched_filter.h"

#include <algorithm>
#include <cmath>

#include "kernels/convolve.h"
#include "kernels/correlate_rows.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

// What is left out of the kernel leaks this part of a bright star's signal-to-noise to its
// surroundings; its square only scales the noise, so it may be coarser.
constexpr double kernel_tolerance = 1e-3;
constexpr double square_tolerance = 1e-3;
constexpr std::size_t max_rank = 6;
// The variance without a source's own noise is at least this part of the whole: an inexact gain
// must not make the weight of a bright pixel infinite.
constexpr float least_variance_part = 0.02F;

// Where less than this part of the usual weight lies on usable pixels, a source has no measured
// S/N.
constexpr float least_weight_part = 0.02F;

struct Filter {
  SeparableKernel kernel;
  SeparableKernel square;
};

/// All kernels of the grid, padded with zeros to one size.
std::vector<Filter> prepare(const KernelGrid& grid, BandGeometry& geometry) {
  for (const Plane<float>& kernel : grid.kernels) {
    geometry.radius_x = std::max(geometry.radius_x, kernel.width() / 2);
    geometry.radius_y = std::max(geometry.radius_y, kernel.height() / 2);
  }
  std::vector<Filter> filters;
  for (const Plane<float>& kernel : grid.kernels) {
    Plane<float> padded(2 * geometry.radius_x + 1, 2 * geometry.radius_y + 1);
    Plane<float> square = padded;
    const std::ptrdiff_t dx = geometry.radius_x - kernel.width() / 2;
    const std::ptrdiff_t dy = geometry.radius_y - kernel.height() / 2;
    for (std::ptrdiff_t y = 0; y < kernel.height(); ++y) {
      for (std::ptrdiff_t x = 0; x < kernel.width(); ++x) {
        padded(x + dx, y + dy) = kernel(x, y);
        square(x + dx, y + dy) = kernel(x, y) * kernel(x, y);
      }
    }
    filters.push_back({separate_kernel(padded.view(), kernel_tolerance, max_rank),
                       separate_kernel(square.view(), square_tolerance, max_rank)});
  }
  return filters;
}

/// weight = 1 / variance of the sky, signal = residual x weight; both 0 where a pixel is not
/// usable. `variance` may be signal's or weight's own memory.
void weigh_row(const float* residual, const float* variance, const MaskPixel* mask,
               float inverse_gain, std::ptrdiff_t width, float* signal, float* weight) {
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const float value = residual[x];
    const float whole = variance[x];
    const float sky = whole - value * inverse_gain;
    const float least = least_variance_part * whole;
    const float used = sky > least ? sky : least;
    const bool usable = (mask[x] & ignored_by_detection) == 0 && value - value == 0.0F &&
                        whole > 0.0F && whole - whole == 0.0F;
    const float inverse = 1.0F / used;
    weight[x] = usable ? inverse : 0.0F;
    signal[x] = usable ? value * inverse : 0.0F;
  }
}

/// The usual sum of weights along a row: the median of every sixteenth one that is not 0.
float usual_norm(const float* norm, std::ptrdiff_t width, std::vector<float>& sample) {
  sample.clear();
  for (std::ptrdiff_t x = 0; x < width; x += 16) {
    if (norm[x] > 0.0F) sample.push_back(norm[x]);
  }
  if (sample.empty()) return 0.0F;
  const auto middle = sample.begin() + static_cast<std::ptrdiff_t>(sample.size() / 2);
  std::nth_element(sample.begin(), middle, sample.end());
  return *middle;
}

void divide_row(const float* signal, const float* norm, float least_norm, std::ptrdiff_t width,
                float* snr) {
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const bool enough = norm[x] > least_norm;
    const float root = std::sqrt(enough ? norm[x] : 1.0F);
    snr[x] = enough ? signal[x] / root : 0.0F;
  }
}

/// Filters one band of rows; the kernels of its grid row serve it.
class BandFilter {
 public:
  BandFilter(const MeasuredPixels& image, const KernelGrid& grid,
             const std::vector<Filter>& filters, const BandGeometry& geometry)
      : image_(image),
        grid_(grid),
        filters_(filters),
        geometry_(geometry),
        signal_ring_(geometry, max_rank),
        weight_ring_(geometry, max_rank),
        signal_(geometry.width, geometry.radius_x),
        weight_(geometry.width, geometry.radius_x),
        variance_(static_cast<std::size_t>(geometry.width)),
        no_mask_(image.mask.empty() ? static_cast<std::size_t>(geometry.width) : 0),
        signal_sum_(rows_at_once * padded_width(geometry.width)),
        weight_sum_(signal_sum_.size()) {}

  void run(std::ptrdiff_t first, std::ptrdiff_t last, View<float> snr) {
    const std::ptrdiff_t middle = (first + last) / 2;
    kernel_row_ = std::min(grid_.rows - 1, middle * grid_.rows / geometry_.height);
    std::ptrdiff_t next = first - geometry_.radius_y;
    for (std::ptrdiff_t y = first; y < last; y += rows_at_once) {
      for (; next < y + rows_at_once + geometry_.radius_y; ++next) add_row(next);
      for (std::ptrdiff_t column = 0; column < grid_.columns; ++column) {
        const Filter& filter = filter_of(column);
        correlate_columns(signal_ring_, y, filter.kernel, edge(column), edge(column + 1),
                          signal_sum_.data());
        correlate_columns(weight_ring_, y, filter.square, edge(column), edge(column + 1),
                          weight_sum_.data());
      }
      for (std::ptrdiff_t i = 0; i < std::min(rows_at_once, last - y); ++i) {
        const std::size_t start = static_cast<std::size_t>(i) * signal_ring_.width();
        const float* norm = &weight_sum_[start];
        const float least = least_weight_part * usual_norm(norm, geometry_.width, sample_);
        divide_row(&signal_sum_[start], norm, least, geometry_.width, snr.row(y + i));
      }
    }
  }

 private:
  std::ptrdiff_t edge(std::ptrdiff_t column) const {
    return column * geometry_.width / grid_.columns;
  }
  const Filter& filter_of(std::ptrdiff_t column) const {
    return filters_[static_cast<std::size_t>(kernel_row_ * grid_.columns + column)];
  }

  void add_row(std::ptrdiff_t y) {
    const bool outside = y < 0 || y >= geometry_.height;
    if (!outside) weigh(y);
    for (std::ptrdiff_t column = 0; column < grid_.columns; ++column) {
      const Filter& filter = filter_of(column);
      filter_row(y, outside, signal_, filter.kernel, column, signal_ring_);
      filter_row(y, outside, weight_, filter.square, column, weight_ring_);
    }
  }

  void filter_row(std::ptrdiff_t y, bool outside, PaddedRow& row, const SeparableKernel& kernel,
                  std::ptrdiff_t column, RowRing& ring) const {
    for (std::size_t term = 0; term < kernel.rank(); ++term) {
      float* to = ring.row(y, term);
      if (outside) {
        std::fill(to + edge(column), to + edge(column + 1), 0.0F);
      } else {
        correlate_row(row.start(), kernel.rows[term], edge(column), edge(column + 1), to);
      }
    }
  }

  void weigh(std::ptrdiff_t y) {
    const float* variance = nullptr;
    float inverse_gain = 0.0F;
    if (image_.variance.empty()) {
      background_rms_row(*image_.background, y, variance_.data());
      for (float& value : variance_) value *= value;
      variance = variance_.data();
    } else {
      variance = image_.variance.row(y);
      if (image_.gain_e_per_unit > 0.0F) inverse_gain = 1.0F / image_.gain_e_per_unit;
    }
    const MaskPixel* mask = image_.mask.empty() ? no_mask_.data() : image_.mask.row(y);
    weigh_row(image_.residual.row(y), variance, mask, inverse_gain, geometry_.width,
              signal_.pixels(), weight_.pixels());
  }

  const MeasuredPixels& image_;
  const KernelGrid& grid_;
  const std::vector<Filter>& filters_;
  const BandGeometry& geometry_;
  std::ptrdiff_t kernel_row_ = 0;
  RowRing signal_ring_;
  RowRing weight_ring_;
  PaddedRow signal_;
  PaddedRow weight_;
  std::vector<float> variance_;
  std::vector<MaskPixel> no_mask_;
  std::vector<float> signal_sum_;
  std::vector<float> weight_sum_;
  std::vector<float> sample_;
};

}  // namespace

void matched_filter(const MeasuredPixels& image, const KernelGrid& kernels, View<float> snr) {
  if (image.residual.empty()) return;
  BandGeometry geometry{image.residual.width, image.residual.height, 0, 0};
  const std::vector<Filter> filters = prepare(kernels, geometry);
  parallel_bands(geometry.height, filter_band_rows, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    BandFilter(image, kernels, filters, geometry).run(first, last, snr);
  });
}

}  // namespace polis
