#include "kernels/cubic_spline.h"

#include <cmath>

namespace polis {
namespace {

const double pole = std::sqrt(3.0) - 2.0;

/// First value of the causal filter for a line that is mirrored about its first sample.
double causal_start(const double* line, std::ptrdiff_t count, std::ptrdiff_t step) {
  double sum = line[0];
  double power = pole;
  for (std::ptrdiff_t i = 1; i < count && std::abs(power) > 1e-17; ++i, power *= pole)
    sum += power * line[i * step];
  return sum;
}

void filter_line(double* line, std::ptrdiff_t count, std::ptrdiff_t step) {
  if (count < 2) return;
  line[0] = causal_start(line, count, step);
  for (std::ptrdiff_t i = 1; i < count; ++i) line[i * step] += pole * line[(i - 1) * step];
  const std::ptrdiff_t last = (count - 1) * step;
  line[last] = pole / (pole * pole - 1.0) * (line[last] + pole * line[last - step]);
  for (std::ptrdiff_t i = count - 2; i >= 0; --i)
    line[i * step] = pole * (line[(i + 1) * step] - line[i * step]);
  for (std::ptrdiff_t i = 0; i < count; ++i) line[i * step] *= 6.0;
}

}  // namespace

void spline_coefficients(View<double> samples) {
  for (std::ptrdiff_t y = 0; y < samples.height; ++y) filter_line(samples.row(y), samples.width, 1);
  for (std::ptrdiff_t x = 0; x < samples.width; ++x)
    filter_line(samples.data + x, samples.height, samples.stride);
}

}  // namespace polis
