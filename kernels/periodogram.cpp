#include "kernels/periodogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kBand = 64;  ///< frequencies between two exact evaluations of the phases

/// Points with normalised weights and centred values.
struct Prepared {
  std::vector<double> time, weight, value;  ///< value: (y - mean)
  double variance = 0.0;                    ///< weighted
};

Prepared prepare(std::span<const double> times, std::span<const double> values,
                 std::span<const double> errors) {
  const std::size_t n = std::min({times.size(), values.size(), errors.size()});
  Prepared p;
  double total = 0.0, mean = 0.0;
  for (std::size_t i = 0; i < n; ++i) total += 1.0 / (errors[i] * errors[i]);
  for (std::size_t i = 0; i < n; ++i) {
    p.weight.push_back(1.0 / (errors[i] * errors[i] * total));
    mean += p.weight.back() * values[i];
    p.time.push_back(times[i] - times[0]);
  }
  for (std::size_t i = 0; i < n; ++i) {
    p.value.push_back(values[i] - mean);
    p.variance += p.weight[i] * p.value[i] * p.value[i];
  }
  return p;
}

/// Weighted sums over the points at one frequency (Zechmeister & Kurster, eqs. 7-15 with a mean of
/// zero).
struct Sums {
  double c = 0, s = 0, yc = 0, ys = 0, cc = 0, cs = 0;
};

double power_of(const Sums& q, double variance) {
  const double ss = 1.0 - q.cc - q.s * q.s;
  const double cc = q.cc - q.c * q.c;
  const double cs = q.cs - q.c * q.s;
  const double determinant = cc * ss - cs * cs;
  if (!(determinant > 1e-12)) return 0.0;
  const double power =
      (ss * q.yc * q.yc + cc * q.ys * q.ys - 2.0 * cs * q.yc * q.ys) / (variance * determinant);
  return std::clamp(power, 0.0, 1.0);
}

/// The frequencies first..last: phases advance by rotation, which drifts by some 1e-14 over a band.
void fill_band(const Prepared& p, const FrequencyGrid& grid, std::ptrdiff_t first,
               std::ptrdiff_t last, double* power) {
  const std::size_t n = p.time.size();
  std::vector<double> c(n), s(n), dc(n), ds(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double turns = std::fmod(grid.at(static_cast<std::size_t>(first)) * p.time[i], 1.0);
    const double step = std::fmod(grid.step * p.time[i], 1.0);
    c[i] = std::cos(2.0 * std::numbers::pi * turns);
    s[i] = std::sin(2.0 * std::numbers::pi * turns);
    dc[i] = std::cos(2.0 * std::numbers::pi * step);
    ds[i] = std::sin(2.0 * std::numbers::pi * step);
  }
  for (std::ptrdiff_t k = first; k < last; ++k) {
    Sums q;
    for (std::size_t i = 0; i < n; ++i) {
      const double wc = p.weight[i] * c[i], ws = p.weight[i] * s[i];
      q.c += wc;
      q.s += ws;
      q.yc += wc * p.value[i];
      q.ys += ws * p.value[i];
      q.cc += wc * c[i];
      q.cs += wc * s[i];
      const double next = c[i] * dc[i] - s[i] * ds[i];
      s[i] = s[i] * dc[i] + c[i] * ds[i];
      c[i] = next;
    }
    power[k] = power_of(q, p.variance);
  }
}

}  // namespace

FrequencyGrid frequency_grid(std::span<const double> times, double highest, double oversampling,
                             std::size_t limit) {
  if (times.empty()) return {};
  const auto [low, high] = std::minmax_element(times.begin(), times.end());
  const double span = *high - *low;
  if (!(span > 0.0) || !std::isfinite(span) || !(highest > 1.0 / span) || !(oversampling > 0.0))
    return {};
  FrequencyGrid grid{1.0 / span, 1.0 / (oversampling * span), 0};
  const double count = std::floor((highest - grid.first) / grid.step) + 1.0;
  grid.count = count < static_cast<double>(limit) ? static_cast<std::size_t>(count) : limit;
  return grid;
}

std::vector<double> lomb_scargle(std::span<const double> times, std::span<const double> values,
                                 std::span<const double> errors, const FrequencyGrid& grid) {
  std::vector<double> power(grid.count, 0.0);
  if (times.size() < 4) return power;
  const Prepared p = prepare(times, values, errors);
  if (!(p.variance > 0.0)) return power;
  parallel_bands(static_cast<std::ptrdiff_t>(grid.count), kBand,
                 [&](std::ptrdiff_t first, std::ptrdiff_t last) {
                   fill_band(p, grid, first, last, power.data());
                 });
  return power;
}

double false_alarm_probability(double power, std::span<const double> times, double highest,
                               double effective) {
  if (times.size() < 5 || !(effective >= 5.0) || !(power > 0.0)) return 1.0;
  if (power >= 1.0) return 0.0;
  const double n = static_cast<double>(times.size());
  double mean = 0.0, variance = 0.0;
  for (double t : times) mean += t / n;
  for (double t : times) variance += (t - mean) * (t - mean) / n;
  const double free_mean = effective - 1.0, free_model = effective - 3.0;
  const double gamma = std::sqrt(2.0 / free_mean) * std::exp(std::lgamma(free_mean / 2.0) -
                                                             std::lgamma((free_mean - 1.0) / 2.0));
  const double width = highest * std::sqrt(4.0 * std::numbers::pi * variance);
  const double tau = gamma * width * std::pow(1.0 - power, 0.5 * (free_model - 1.0)) *
                     std::sqrt(0.5 * free_mean * power);
  const double single = std::pow(1.0 - power, 0.5 * free_model);
  return std::clamp(-std::expm1(std::log1p(-std::min(single, 1.0 - 1e-16)) - tau), 0.0, 1.0);
}

double phase_dispersion(std::span<const double> times, std::span<const double> values,
                        std::span<const double> errors, double period, int bins) {
  const std::size_t n = std::min({times.size(), values.size(), errors.size()});
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  if (n < 3 || !(period > 0.0) || bins < 1) return nothing;
  struct Bin {
    double w = 0, wy = 0, wyy = 0;
    std::size_t count = 0;
    double squares() const { return wyy - wy * wy / w; }
  };
  std::vector<Bin> cells(static_cast<std::size_t>(bins));
  Bin all;
  for (std::size_t i = 0; i < n; ++i) {
    const double turns = (times[i] - times[0]) / period;
    const double phase = turns - std::floor(turns);
    const double w = 1.0 / (errors[i] * errors[i]), y = values[i] - values[0];
    auto& cell = cells[std::min(cells.size() - 1, static_cast<std::size_t>(phase * bins))];
    for (Bin* bin : {&cell, &all}) {
      bin->w += w;
      bin->wy += w * y;
      bin->wyy += w * y * y;
      ++bin->count;
    }
  }
  double squares = 0.0, freedom = 0.0;
  for (const Bin& bin : cells) {
    if (bin.count < 2) continue;
    squares += bin.squares();
    freedom += static_cast<double>(bin.count - 1);
  }
  if (freedom <= 0.0 || !(all.squares() > 0.0)) return nothing;
  return (squares / freedom) / (all.squares() / static_cast<double>(n - 1));
}

}  // namespace polis
