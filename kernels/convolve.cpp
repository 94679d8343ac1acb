#include "kernels/convolve.h"

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

#include "kernels/correlate_rows.h"
#include "kernels/parallel.h"

namespace polis {

Plane<float> gaussian_kernel(double fwhm_px) {
  const double sigma = std::max(fwhm_px, 0.1) / (2.0 * std::sqrt(2.0 * std::log(2.0)));
  const auto radius =
      std::max<std::ptrdiff_t>(1, static_cast<std::ptrdiff_t>(std::ceil(1.5 * fwhm_px)));
  std::vector<double> profile;
  double total = 0.0;
  for (std::ptrdiff_t i = -radius; i <= radius; ++i) {
    const double offset = static_cast<double>(i) / sigma;
    profile.push_back(std::exp(-0.5 * offset * offset));
    total += profile.back();
  }
  Plane<float> kernel(2 * radius + 1, 2 * radius + 1);
  for (std::ptrdiff_t y = 0; y < kernel.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < kernel.width(); ++x) {
      const double value =
          profile[static_cast<std::size_t>(x)] * profile[static_cast<std::size_t>(y)];
      kernel(x, y) = static_cast<float>(value / (total * total));
    }
  }
  return kernel;
}

SeparableKernel separate_kernel(View<const float> kernel, double tolerance, std::size_t max_rank) {
  SeparableKernel result;
  result.radius_x = kernel.width / 2;
  result.radius_y = kernel.height / 2;
  Eigen::MatrixXd matrix(kernel.height, kernel.width);
  for (std::ptrdiff_t y = 0; y < kernel.height; ++y) {
    for (std::ptrdiff_t x = 0; x < kernel.width; ++x)
      matrix(y, x) = static_cast<double>(kernel(x, y));
  }
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(matrix, Eigen::ComputeThinU | Eigen::ComputeThinV);
  const Eigen::VectorXd& values = svd.singularValues();
  double left = values.squaredNorm();
  const double enough = tolerance * tolerance * left;
  for (Eigen::Index k = 0; k < values.size() && result.rank() < max_rank; ++k) {
    if (result.rank() > 0 && left <= enough) break;
    const double scale = std::sqrt(values(k));
    std::vector<float> row;
    std::vector<float> column;
    for (std::ptrdiff_t x = 0; x < kernel.width; ++x) {
      row.push_back(static_cast<float>(scale * svd.matrixV()(x, k)));
    }
    for (std::ptrdiff_t y = 0; y < kernel.height; ++y) {
      column.push_back(static_cast<float>(scale * svd.matrixU()(y, k)));
    }
    result.rows.push_back(std::move(row));
    result.columns.push_back(std::move(column));
    left -= values(k) * values(k);
  }
  return result;
}

void correlate(View<const float> in, View<const float> kernel, View<float> out) {
  correlate(in, separate_kernel(kernel, 0.0, static_cast<std::size_t>(kernel.height)), out);
}

void correlate(View<const float> in, const SeparableKernel& kernel, View<float> out) {
  if (in.empty()) return;
  const BandGeometry geometry{in.width, in.height, kernel.radius_x, kernel.radius_y};
  parallel_bands(in.height, filter_band_rows, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    RowRing ring(geometry, kernel.rank());
    PaddedRow row(in.width, kernel.radius_x);
    std::vector<float> scratch(4 * padded_width(in.width));
    std::ptrdiff_t next = first - kernel.radius_y;
    for (std::ptrdiff_t y = first; y < last; y += rows_at_once) {
      for (; next < y + rows_at_once + kernel.radius_y; ++next) {
        const bool outside = next < 0 || next >= in.height;
        if (!outside) std::copy(in.row(next), in.row(next) + in.width, row.pixels());
        for (std::size_t r = 0; r < kernel.rank(); ++r) {
          float* to = ring.row(next, r);
          if (outside)
            std::fill(to, to + padded_width(in.width), 0.0F);
          else
            correlate_row(row.start(), kernel.rows[r], 0, in.width, to);
        }
      }
      correlate_columns(ring, y, kernel, 0, in.width, scratch.data());
      for (std::ptrdiff_t i = 0; i < std::min(rows_at_once, last - y); ++i) {
        const float* from = scratch.data() + static_cast<std::size_t>(i) * padded_width(in.width);
        std::copy(from, from + in.width, out.row(y + i));
      }
    }
  });
}

}  // namespace polis
