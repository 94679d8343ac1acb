#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/correlate_block.h"
#include "kernels/difference_fit.h"
#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

constexpr float kMedianOfChi2 = 0.455F;  // one degree of freedom

/// A measured number and the square of its error.
struct Measured {
  double value = 0.0, variance = -1.0;  // negative: not measured
};

/// Light and place of what is left of a star, in units of its light and in pixels.
std::array<Measured, 3> project(const MatchWindow& window, View<const float> model, double sky) {
  std::array<double, 9> normal{};
  std::array<double, 3> target{};
  const std::ptrdiff_t side = window.weight.width();
  for (std::ptrdiff_t y = 1; y + 1 < side; ++y) {
    for (std::ptrdiff_t x = 1; x + 1 < side; ++x) {
      const std::array<double, 3> part{
          static_cast<double>(model(x, y)),
          0.5 * static_cast<double>(model(x - 1, y) - model(x + 1, y)),
          0.5 * static_cast<double>(model(x, y - 1) - model(x, y + 1))};
      const double left = static_cast<double>(window.broad(x, y)) - sky - part[0];
      const auto weight = static_cast<double>(window.weight(x, y));
      for (std::size_t a = 0; a < 3; ++a) {
        target[a] += weight * part[a] * left;
        for (std::size_t b = 0; b < 3; ++b) normal[3 * a + b] += weight * part[a] * part[b];
      }
    }
  }
  // The three are nearly orthogonal for anything round.
  std::array<Measured, 3> result;
  for (std::size_t a = 0; a < 3; ++a) {
    if (normal[4 * a] > 0.0) result[a] = {target[a] / normal[4 * a], 1.0 / normal[4 * a]};
  }
  return result;
}

/// Scatter that, added to the errors, makes the median of value^2 / variance that of a normal
/// distribution.
///  Only the better measured half counts: the others' noise hides what is looked for.
double extra_scatter(std::vector<Measured> values) {
  if (values.empty()) return 0.0;
  std::stable_sort(values.begin(), values.end(),
                   [](const Measured& a, const Measured& b) { return a.variance < b.variance; });
  values.resize((values.size() + 1) / 2);
  const auto median = [&](double extra) {
    std::vector<float> chi2;
    for (const Measured& m : values) {
      chi2.push_back(static_cast<float>(m.value * m.value / (m.variance + extra * extra)));
    }
    return median_in_place(chi2);
  };
  if (median(0.0) <= kMedianOfChi2) return 0.0;
  double low = 0.0;
  double high = 1.0;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (low + high);
    (median(middle) > kMedianOfChi2 ? low : high) = middle;
  }
  return high;
}

}  // namespace

MatchScatter measure_match_scatter(const MatchPair& pair, const std::vector<MatchStar>& stars,
                                   const std::vector<MatchWindow>& windows, const KernelFit& fit) {
  constexpr std::ptrdiff_t side = 2 * match_window_radius + 1;
  // Whole blocks: what lies beyond the window is rubbish that nobody reads.
  constexpr std::ptrdiff_t padded = (side + block_columns - 1) / block_columns * block_columns;
  std::vector<std::array<Measured, 3>> measured(stars.size());
  parallel_for(static_cast<std::ptrdiff_t>(stars.size()), [&](std::ptrdiff_t s) {
    const auto k = static_cast<std::size_t>(s);
    if (fit.used[k] == 0) return;
    const MatchStar& star = stars[k];
    const MatchWindow& window = windows[k];
    Plane<float> sharp(padded + 2 * pair.radius, padded + 2 * pair.radius);
    for (std::ptrdiff_t y = 0; y < window.sharp.height(); ++y) {
      std::copy_n(window.sharp.view().row(y), window.sharp.width(), sharp.view().row(y));
    }
    BlockTaps taps;
    const auto x = static_cast<double>(star.x);
    const auto y = static_cast<double>(star.y);
    taps.set(fit.kernel.evaluate(x, y).view());
    Plane<float> model(padded, padded);
    correlate_block(sharp.view(), taps, model.view());
    measured[k] = project(window, model.view(), fit.kernel.background(x, y) - pair.broad_level);
    // The weights were made before the kernel was known.
    for (Measured& m : measured[k]) m.variance *= fit.chi2;
  });
  std::vector<Measured> light;
  std::vector<Measured> place;
  for (const auto& star : measured) {
    if (star[0].variance >= 0.0) light.push_back(star[0]);
    if (star[1].variance >= 0.0) place.push_back(star[1]);
    if (star[2].variance >= 0.0) place.push_back(star[2]);
  }
  return {extra_scatter(place), extra_scatter(light)};
}

}  // namespace polis
