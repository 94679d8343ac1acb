#include "kernels/box_least_squares.h"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"

namespace polis {
namespace {

/// Weighted sums over a stretch of the points.
struct Sums {
  double w = 0, t = 0, tt = 0, y = 0, ty = 0, yy = 0;
  Sums operator-(const Sums& o) const {
    return {w - o.w, t - o.t, tt - o.tt, y - o.y, ty - o.ty, yy - o.yy};
  }
};

std::vector<Sums> prefix_sums(std::span<const double> times, std::span<const double> values,
                              std::span<const double> errors) {
  std::vector<Sums> sums(times.size() + 1);
  const double middle = 0.5 * (times.front() + times.back());
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double w = 1.0 / (errors[i] * errors[i]), t = times[i] - middle,
                 y = values[i] - values[0];
    const Sums& s = sums[i];
    sums[i + 1] = {s.w + w,     s.t + w * t,      s.tt + w * t * t,
                   s.y + w * y, s.ty + w * t * y, s.yy + w * y * y};
  }
  return sums;
}

/// Depth and its error when a straight line through everything is fitted along with the box: the
/// box is first made orthogonal to the line.
bool box_depth(const Sums& all, const Sums& in, double& depth, double& error) {
  const double determinant = all.w * all.tt - all.t * all.t;
  if (!(determinant > 0.0)) return false;
  const double a =
      (in.w * all.tt - in.t * all.t) / determinant;  // the line that best mimics the box
  const double b = (in.t * all.w - in.w * all.t) / determinant;
  const double norm = in.w - a * in.w - b * in.t;
  if (!(norm > 1e-9 * in.w)) return false;
  depth = -(in.y - a * all.y - b * all.ty) / norm;
  error = 1.0 / std::sqrt(norm);
  return true;
}

Dip best_of(const std::vector<Dip>& dips) {
  Dip best;
  for (const Dip& dip : dips) {
    if (dip.depth > 0.0 && dip.snr() > best.snr()) best = dip;
  }
  return best;
}

/// The best dip of one duration: both ends of the window step through the points.
Dip scan(std::span<const double> times, const std::vector<Sums>& sums, double duration,
         std::size_t least) {
  Dip best;
  std::size_t last = 0;
  const std::size_t n = times.size();
  for (std::size_t first = 0; first < n; ++first) {
    while (last < n && times[last] < times[first] + duration) ++last;
    if (first < least || n - last < least || last - first < least) continue;
    double depth = 0.0, error = 0.0;
    if (!box_depth(sums[n], sums[last] - sums[first], depth, error)) continue;
    if (depth <= 0.0 || depth / error <= best.snr()) continue;
    const double middle = 0.5 * (times[first] + times[last - 1]);
    best = {0.0, middle, duration, depth, error, last - first};
  }
  return best;
}

struct Binned {
  std::vector<double> w, wy;
  std::vector<std::size_t> count;
};

Binned fold(std::span<const double> times, std::span<const double> values,
            std::span<const double> errors, double mean, double period, std::size_t bins) {
  Binned folded{std::vector<double>(bins), std::vector<double>(bins),
                std::vector<std::size_t>(bins)};
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double turns = (times[i] - times[0]) / period;
    const double phase = turns - std::floor(turns);
    const std::size_t k =
        std::min(bins - 1, static_cast<std::size_t>(phase * static_cast<double>(bins)));
    const double w = 1.0 / (errors[i] * errors[i]);
    folded.w[k] += w;
    folded.wy[k] += w * (values[i] - mean);
    ++folded.count[k];
  }
  return folded;
}

/// The best box at one period.
Dip best_box(const Binned& folded, double total, double period, double origin,
             const BoxSearchSettings& settings) {
  const std::size_t bins = folded.w.size();
  const double width = static_cast<double>(bins);
  const auto shortest =
      std::max<std::size_t>(1, static_cast<std::size_t>(settings.shortest_fraction * width));
  const auto longest =
      std::max<std::size_t>(shortest, static_cast<std::size_t>(settings.longest_fraction * width));
  Dip best;
  for (std::size_t first = 0; first < bins; ++first) {
    double w = 0.0, wy = 0.0;
    std::size_t count = 0;
    for (std::size_t length = 1; length <= longest; ++length) {
      const std::size_t k = (first + length - 1) % bins;
      w += folded.w[k];
      wy += folded.wy[k];
      count += folded.count[k];
      const double rest = total - w;
      if (length < shortest || count < 3 || !(w > 0.0) || !(rest > 1e-9 * total)) continue;
      const double depth =
          -wy * total / (w * rest);  // mean outside - mean inside; the mean of all is 0
      const double error = std::sqrt(total / (w * rest));
      if (depth <= 0.0 || depth / error <= best.snr()) continue;
      const double middle =
          (static_cast<double>(first) + 0.5 * static_cast<double>(length)) / width;
      best = {period,
              origin + middle * period,
              period * static_cast<double>(length) / width,
              depth,
              error,
              count};
    }
  }
  return best;
}

}  // namespace

Dip find_single_dip(std::span<const double> times, std::span<const double> values,
                    std::span<const double> errors, const SingleDipSettings& settings) {
  if (times.size() < 3 || !(settings.shortest > 0.0) || !(settings.longest >= settings.shortest))
    return {};
  const std::vector<Sums> sums = prefix_sums(times, values, errors);
  std::vector<Dip> dips;
  constexpr double kStep = 1.15;
  for (double d = settings.shortest; d <= settings.longest * (1.0 + 1e-9); d *= kStep) {
    dips.push_back(scan(times, sums, d, std::max<std::size_t>(1, settings.least_points)));
  }
  return best_of(dips);
}

Dip find_periodic_dip(std::span<const double> times, std::span<const double> values,
                      std::span<const double> errors, const BoxSearchSettings& settings) {
  if (times.size() < 6 || !(settings.shortest_period > 0.0) ||
      !(settings.longest_period >= settings.shortest_period) || settings.phase_bins < 2) {
    return {};
  }
  const auto [low, high] = std::minmax_element(times.begin(), times.end());
  const double span = *high - *low;
  if (!(span > 0.0)) return {};
  double total = 0.0, mean = 0.0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double w = 1.0 / (errors[i] * errors[i]);
    total += w;
    mean += w * values[i];
  }
  mean /= total;
  const double slowest = 1.0 / settings.longest_period, fastest = 1.0 / settings.shortest_period;
  const double wanted =
      (fastest - slowest) * span * settings.oversampling / settings.shortest_fraction;
  const std::size_t count =
      1 + static_cast<std::size_t>(std::min(wanted, static_cast<double>(settings.limit)));
  const double step = (fastest - slowest) / static_cast<double>(count);
  std::vector<Dip> dips(count);
  parallel_bands(
      static_cast<std::ptrdiff_t>(count), 16, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
        for (std::ptrdiff_t k = first; k < last; ++k) {
          const double period = 1.0 / (slowest + static_cast<double>(k) * step);
          const Binned folded = fold(times, values, errors, mean, period, settings.phase_bins);
          dips[static_cast<std::size_t>(k)] = best_box(folded, total, period, times[0], settings);
        }
      });
  return best_of(dips);
}

double red_noise_factor(std::span<const double> times, std::span<const double> residuals,
                        double duration) {
  const std::size_t n = std::min(times.size(), residuals.size());
  if (n < 4 || !(duration > 0.0)) return 1.0;
  double mean = 0.0, squares = 0.0;
  for (std::size_t i = 0; i < n; ++i) mean += residuals[i] / static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) squares += (residuals[i] - mean) * (residuals[i] - mean);
  const double variance = squares / static_cast<double>(n - 1);
  double excess = 0.0;
  std::size_t bins = 0;
  for (std::size_t first = 0; first < n;) {
    std::size_t last = first;
    double sum = 0.0;
    while (last < n && times[last] < times[first] + duration) sum += residuals[last++] - mean;
    const double count = static_cast<double>(last - first);
    excess += sum * sum / count;  // its expectation for white noise is the variance
    ++bins;
    first = last;
  }
  if (bins < 2 || !(variance > 0.0)) return 1.0;
  return std::max(1.0, std::sqrt(excess / static_cast<double>(bins) / variance));
}

}  // namespace polis
