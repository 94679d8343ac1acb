#include "kernels/difference_basis.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace polis {
namespace {

constexpr double kSigmaOfFwhm = 0.42466090014;  // of a Gaussian
constexpr double kLeastSigma = 0.9;             // [px]: a narrower Gaussian is not sampled well

void normalise(std::vector<float>& profile) {
  double square = 0.0;
  for (const float value : profile)
    square += static_cast<double>(value) * static_cast<double>(value);
  const auto factor = static_cast<float>(1.0 / std::sqrt(std::max(square, 1e-30)));
  for (float& value : profile) value *= factor;
}

/// Gaussian times Hermite polynomials, which are nearly orthogonal where powers are not.
std::vector<float> hermite_profile(double sigma, int degree, std::ptrdiff_t radius) {
  std::vector<float> profile;
  for (std::ptrdiff_t i = -radius; i <= radius; ++i) {
    const double u = static_cast<double>(i) / sigma;
    double before = 0.0;
    double now = 1.0;
    for (int n = 0; n < degree; ++n) {
      const double next = u * now - static_cast<double>(n) * before;
      before = now;
      now = next;
    }
    profile.push_back(static_cast<float>(now * std::exp(-0.5 * u * u)));
  }
  normalise(profile);
  return profile;
}

void add_gaussian(KernelBasis& basis, double sigma, int degree) {
  const std::size_t first = basis.profiles.size();
  for (int n = 0; n <= degree; ++n) {
    basis.profiles.push_back(hermite_profile(sigma, n, basis.radius));
  }
  for (int y = 0; y <= degree; ++y) {
    for (int x = 0; x + y <= degree; ++x) {
      basis.products.emplace_back(first + static_cast<std::size_t>(x),
                                  first + static_cast<std::size_t>(y));
    }
  }
}

void add_pixels(KernelBasis& basis, std::ptrdiff_t reach) {
  const std::size_t first = basis.profiles.size();
  for (std::ptrdiff_t i = -reach; i <= reach; ++i) {
    std::vector<float> profile(static_cast<std::size_t>(2 * basis.radius + 1), 0.0F);
    profile[static_cast<std::size_t>(basis.radius + i)] = 1.0F;
    basis.profiles.push_back(std::move(profile));
  }
  const auto side = static_cast<std::size_t>(2 * reach + 1);
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) basis.products.emplace_back(first + x, first + y);
  }
}

}  // namespace

KernelBasis make_kernel_basis(double fwhm_sharp_px, double fwhm_broad_px, std::ptrdiff_t radius) {
  KernelBasis basis;
  basis.radius = radius;
  const double between = fwhm_broad_px * fwhm_broad_px - fwhm_sharp_px * fwhm_sharp_px;
  const double sigma = std::max(kLeastSigma, kSigmaOfFwhm * std::sqrt(std::max(between, 0.0)));
  const double widest = std::max(kLeastSigma, static_cast<double>(radius) / 2.5);
  const double narrow = std::max(kLeastSigma, 0.6 * sigma);
  add_gaussian(basis, std::min(narrow, widest), 4);
  add_gaussian(basis, std::min(std::max(sigma, 1.5 * narrow), widest), 3);
  add_gaussian(basis, std::min(std::max(2.0 * sigma, 2.8 * narrow), widest), 2);
  add_pixels(basis, std::min<std::ptrdiff_t>(1, radius));
  return basis;
}

Plane<float> KernelBasis::combine(const double* weights) const {
  const std::ptrdiff_t side = 2 * radius + 1;
  Plane<double> sum(side, side, 0.0);
  for (std::size_t b = 0; b < size(); ++b) {
    const std::vector<float>& along_x = profiles[products[b].first];
    const std::vector<float>& along_y = profiles[products[b].second];
    for (std::ptrdiff_t j = 0; j < side; ++j) {
      const double factor = weights[b] * static_cast<double>(along_y[static_cast<std::size_t>(j)]);
      for (std::ptrdiff_t i = 0; i < side; ++i) {
        sum(i, j) += factor * static_cast<double>(along_x[static_cast<std::size_t>(i)]);
      }
    }
  }
  Plane<float> kernel(side, side);
  std::copy(sum.data(), sum.data() + sum.size(), kernel.data());
  return kernel;
}

double KernelBasis::overlap(std::size_t a, std::size_t b) const {
  const auto product = [&](std::size_t first, std::size_t second) {
    double sum = 0.0;
    for (std::size_t i = 0; i < profiles[first].size(); ++i) {
      sum += static_cast<double>(profiles[first][i]) * static_cast<double>(profiles[second][i]);
    }
    return sum;
  };
  return product(products[a].first, products[b].first) *
         product(products[a].second, products[b].second);
}

namespace {

/// to[p] += sum over k of taps[k] from[p + k step]; four taps in one pass.
void add_taps(const float* from, std::ptrdiff_t step, const std::vector<float>& taps,
              std::ptrdiff_t count, float* __restrict to) {
  const auto size = static_cast<std::ptrdiff_t>(taps.size());
  std::ptrdiff_t first = 0;
  std::ptrdiff_t last = size;
  while (first < last && taps[static_cast<std::size_t>(first)] == 0.0F) ++first;
  while (last > first && taps[static_cast<std::size_t>(last - 1)] == 0.0F) --last;
  std::ptrdiff_t k = first;
  for (; k + 4 <= last; k += 4) {
    const float* __restrict a = from + k * step;
    const float* __restrict b = a + step;
    const float* __restrict c = b + step;
    const float* __restrict d = c + step;
    const float* tap = taps.data() + k;
    const float t0 = tap[0];
    const float t1 = tap[1];
    const float t2 = tap[2];
    const float t3 = tap[3];
    for (std::ptrdiff_t p = 0; p < count; ++p) {
      to[p] += (t0 * a[p] + t1 * b[p]) + (t2 * c[p] + t3 * d[p]);
    }
  }
  for (; k < last; ++k) {
    const float* __restrict a = from + k * step;
    const float tap = taps[static_cast<std::size_t>(k)];
    for (std::ptrdiff_t p = 0; p < count; ++p) to[p] += tap * a[p];
  }
}

}  // namespace

void correlate_basis(const KernelBasis& basis, View<const float> in, View<float> out) {
  const std::ptrdiff_t side = in.width - 2 * basis.radius;
  std::vector<Plane<float>> rows;
  for (const std::vector<float>& profile : basis.profiles) {
    Plane<float>& filtered = rows.emplace_back(side, in.height, 0.0F);
    for (std::ptrdiff_t y = 0; y < in.height; ++y) {
      add_taps(in.row(y), 1, profile, side, filtered.view().row(y));
    }
  }
  for (std::size_t b = 0; b < basis.size(); ++b) {
    const Plane<float>& filtered = rows[basis.products[b].first];
    const std::vector<float>& profile = basis.profiles[basis.products[b].second];
    float* to = out.row(static_cast<std::ptrdiff_t>(b));
    std::fill(to, to + side * side, 0.0F);
    // Rows are contiguous, so a step down by k rows is one offset for the whole window.
    add_taps(filtered.data(), side, profile, side * side, to);
  }
}

}  // namespace polis
