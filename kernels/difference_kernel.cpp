#include "kernels/difference_kernel.h"

#include <algorithm>
#include <cmath>

namespace polis {

FieldPolynomial FieldPolynomial::over(std::ptrdiff_t width, std::ptrdiff_t height, int order) {
  FieldPolynomial field;
  field.order = order;
  field.x_scale = 0.5 * static_cast<double>(width);
  field.y_scale = 0.5 * static_cast<double>(height);
  field.x_centre = field.x_scale - 0.5;
  field.y_centre = field.y_scale - 0.5;
  return field;
}

void FieldPolynomial::evaluate(double x, double y, double* out) const {
  const double u = (x - x_centre) / x_scale;
  const double v = (y - y_centre) / y_scale;
  // The terms of a degree are those of the one before times u, and its last one times v.
  double* before = out;
  *out++ = 1.0;
  for (int degree = 1; degree <= order; ++degree) {
    double* const now = out;
    for (int power = 0; power < degree; ++power) *out++ = before[power] * u;
    *out++ = before[degree - 1] * v;
    before = now;
  }
}

void FieldPolynomial::along_row(const std::vector<double>& weights, double x0, double y,
                                std::ptrdiff_t count, float* out) const {
  // Along a row this is a polynomial in u alone.
  std::vector<double> powers(static_cast<std::size_t>(order) + 1, 0.0);
  const double v = (y - y_centre) / y_scale;
  std::size_t term = 0;
  for (int degree = 0; degree <= order; ++degree) {
    double factor = 1.0;
    for (int power = 0; power <= degree; ++power, ++term, factor *= v) {
      if (term < weights.size()) {
        powers[static_cast<std::size_t>(degree - power)] += weights[term] * factor;
      }
    }
  }
  const auto start = static_cast<float>((x0 - x_centre) / x_scale);
  const auto step = static_cast<float>(1.0 / x_scale);
  std::fill_n(out, count, static_cast<float>(powers.back()));
  for (std::size_t p = powers.size() - 1; p-- > 0;) {
    const auto next = static_cast<float>(powers[p]);
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      out[i] = out[i] * (start + step * static_cast<float>(static_cast<int>(i))) + next;
    }
  }
}

void MatchingKernel::evaluate(double x, double y, View<float> out) const {
  std::vector<double> weight(shape.term_count());
  shape.evaluate(x, y, weight.data());
  // Rows of `out` may be apart, those of the terms are not: one loop over all taps, then rows.
  const std::ptrdiff_t count = out.width * out.height;
  std::vector<float> sum(static_cast<std::size_t>(count), 0.0F);
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const float* __restrict from = terms[t].data();
    float* __restrict to = sum.data();
    const auto factor = static_cast<float>(weight[t]);
    for (std::ptrdiff_t i = 0; i < count; ++i) to[i] += factor * from[i];
  }
  for (std::ptrdiff_t j = 0; j < out.height; ++j) {
    std::copy_n(sum.data() + j * out.width, out.width, out.row(j));
  }
}

Plane<float> MatchingKernel::evaluate(double x, double y) const {
  Plane<float> kernel(2 * radius + 1, 2 * radius + 1);
  evaluate(x, y, kernel.view());
  return kernel;
}

double MatchingKernel::background(double x, double y) const {
  std::vector<double> weight(sky.term_count());
  sky.evaluate(x, y, weight.data());
  double sum = 0.0;
  for (std::size_t t = 0; t < sky_terms.size(); ++t) sum += weight[t] * sky_terms[t];
  return sum;
}

double MatchingKernel::sum(double x, double y) const {
  const Plane<float> kernel = evaluate(x, y);
  double total = 0.0;
  for (std::ptrdiff_t i = 0; i < kernel.size(); ++i) {
    total += static_cast<double>(kernel.data()[i]);
  }
  return total;
}

std::ptrdiff_t MatchingKernel::reach(double x, double y, double fraction) const {
  return radius_within(evaluate(x, y), fraction);
}

std::ptrdiff_t radius_within(const Plane<float>& stamp, double fraction) {
  const std::ptrdiff_t radius = stamp.width() / 2;
  std::vector<double> ring(static_cast<std::size_t>(radius) + 1, 0.0);
  double total = 0.0;
  for (std::ptrdiff_t y = -radius; y <= radius; ++y) {
    for (std::ptrdiff_t x = -radius; x <= radius; ++x) {
      const double value = std::abs(static_cast<double>(stamp(x + radius, y + radius)));
      ring[static_cast<std::size_t>(std::max(std::abs(x), std::abs(y)))] += value;
      total += value;
    }
  }
  double beyond = 0.0;
  for (std::ptrdiff_t r = radius; r > 0; --r) {
    beyond += ring[static_cast<std::size_t>(r)];
    if (beyond > fraction * total) return r;
  }
  return 0;
}

}  // namespace polis
