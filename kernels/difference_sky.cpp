#include "kernels/difference_sky.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/linear_fit.h"
#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kSamples = 12;     // along each axis
constexpr std::ptrdiff_t kSampleSide = 32;  // [px]
constexpr std::size_t kLeastPixels = 128;

}  // namespace

void refine_sky(const SubtractPlan& plan, int order, MatchingKernel& kernel) {
  const std::ptrdiff_t width = plan.sharp.pixels.width;
  const std::ptrdiff_t height = plan.sharp.pixels.height;
  const std::ptrdiff_t side = std::min({kSampleSide, width, height});
  std::vector<Level> levels(static_cast<std::size_t>(kSamples * kSamples));
  const auto start = [&](std::ptrdiff_t i, std::ptrdiff_t length) {
    return std::clamp<std::ptrdiff_t>((2 * i + 1) * length / (2 * kSamples) - side / 2, 0,
                                      length - side);
  };
  parallel_for(kSamples * kSamples, [&](std::ptrdiff_t i) {
    Plane<float> sample(side, side);
    subtract_sample(plan, start(i % kSamples, width), start(i / kSamples, height), sample.view());
    levels[static_cast<std::size_t>(i)] =
        clipped_level({sample.data(), static_cast<std::size_t>(sample.size())});
  });
  const FieldPolynomial field = FieldPolynomial::over(width, height, std::max(0, order));
  std::vector<double> rows;
  std::vector<double> target;
  std::vector<double> error;
  for (std::ptrdiff_t i = 0; i < kSamples * kSamples; ++i) {
    const Level& level = levels[static_cast<std::size_t>(i)];
    if (level.count < kLeastPixels || !(level.sigma > 0.0)) continue;
    rows.resize(rows.size() + field.term_count());
    const double half = 0.5 * static_cast<double>(side - 1);
    field.evaluate(static_cast<double>(start(i % kSamples, width)) + half,
                   static_cast<double>(start(i / kSamples, height)) + half,
                   rows.data() + rows.size() - field.term_count());
    target.push_back(level.level);
    error.push_back(level.sigma / std::sqrt(static_cast<double>(level.count)));
  }
  LinearFit fit;
  if (target.size() < 2 * field.term_count() ||
      !fit_linear(rows, field.term_count(), target, error, {}, fit)) {
    return;
  }
  // The fit on stars may have had to do with a lower order.
  std::vector<double> sum = fit.coefficients;
  for (std::size_t t = 0; t < std::min(sum.size(), kernel.sky_terms.size()); ++t) {
    sum[t] += kernel.sky_terms[t];
  }
  if (kernel.sky_terms.size() > sum.size()) return;
  kernel.sky = field;
  kernel.sky_terms = std::move(sum);
}

}  // namespace polis
