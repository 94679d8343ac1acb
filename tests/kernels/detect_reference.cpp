#include "kernels/detect_reference.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace polis::reference {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return 0.5 * (values[(n - 1) / 2] + values[n / 2]);
}

}  // namespace

Sky clipped_sky(std::vector<float> values, double clip_sigma) {
  const std::size_t step = std::max<std::size_t>(1, values.size() / 128);
  std::vector<double> sample;
  for (std::size_t i = 0; i < values.size(); i += step) sample.push_back(values[i]);
  std::sort(sample.begin(), sample.end());
  const double centre = sample[sample.size() / 2];
  for (double& value : sample) value = std::abs(value - centre);
  std::sort(sample.begin(), sample.end());
  const double spread = 1.4826 * sample[sample.size() / 2];
  const double lowest = centre - 8.0 * spread;
  const double highest = centre + 8.0 * spread;
  double low = lowest;
  double high = highest;
  Sky sky{};
  for (int round = 0; round < 100; ++round) {
    std::vector<double> kept;
    for (const float value : values) {
      if (value >= low && value <= high) kept.push_back(value);
    }
    sky.median = median(kept);
    double sum = 0.0;
    double square = 0.0;
    for (const double value : kept) sum += value;
    sky.mean = sum / static_cast<double>(kept.size());
    for (const double value : kept) square += (value - sky.mean) * (value - sky.mean);
    sky.sigma = std::sqrt(square / static_cast<double>(kept.size()));
    const bool settled = kept.size() == sky.kept;
    sky.kept = kept.size();
    if (settled) break;
    low = std::max(lowest, sky.median - clip_sigma * sky.sigma);
    high = std::min(highest, sky.median + clip_sigma * sky.sigma);
  }
  return sky;
}

double natural_spline(const std::vector<double>& values, double knot) {
  const auto n = static_cast<Eigen::Index>(values.size());
  Eigen::MatrixXd system = Eigen::MatrixXd::Identity(n, n);
  Eigen::VectorXd right = Eigen::VectorXd::Zero(n);
  const auto value = [&](Eigen::Index i) { return values[static_cast<std::size_t>(i)]; };
  for (Eigen::Index i = 1; i + 1 < n; ++i) {
    system(i, i - 1) = system(i, i + 1) = 1.0;
    system(i, i) = 4.0;
    right(i) = 6.0 * (value(i - 1) - 2.0 * value(i) + value(i + 1));
  }
  const Eigen::VectorXd bend = system.fullPivLu().solve(right);
  const Eigen::Index k =
      std::clamp<Eigen::Index>(static_cast<Eigen::Index>(std::floor(knot)), 0, n - 2);
  const double b = knot - static_cast<double>(k);
  const double a = 1.0 - b;
  return a * value(k) + b * value(k + 1) +
         ((a * a * a - a) * bend(k) + (b * b * b - b) * bend(k + 1)) / 6.0;
}

Plane<float> correlate(View<const float> in, View<const float> kernel) {
  Plane<float> out(in.width, in.height);
  for (std::ptrdiff_t y = 0; y < in.height; ++y) {
    for (std::ptrdiff_t x = 0; x < in.width; ++x) {
      double sum = 0.0;
      for (std::ptrdiff_t j = 0; j < kernel.height; ++j) {
        for (std::ptrdiff_t i = 0; i < kernel.width; ++i) {
          const std::ptrdiff_t u = x + i - kernel.width / 2;
          const std::ptrdiff_t v = y + j - kernel.height / 2;
          if (in.contains(u, v))
            sum += static_cast<double>(kernel(i, j)) * static_cast<double>(in(u, v));
        }
      }
      out(x, y) = static_cast<float>(sum);
    }
  }
  return out;
}

Plane<float> matched_filter(const MeasuredPixels& image, View<const float> kernel,
                            double sky_variance) {
  double whole_norm = 0.0;
  for (std::ptrdiff_t j = 0; j < kernel.height; ++j) {
    for (std::ptrdiff_t i = 0; i < kernel.width; ++i)
      whole_norm += std::pow(kernel(i, j), 2) / sky_variance;
  }
  const View<const float> in = image.residual;
  Plane<float> out(in.width, in.height);
  for (std::ptrdiff_t y = 0; y < in.height; ++y) {
    for (std::ptrdiff_t x = 0; x < in.width; ++x) {
      double signal = 0.0;
      double norm = 0.0;
      for (std::ptrdiff_t j = 0; j < kernel.height; ++j) {
        for (std::ptrdiff_t i = 0; i < kernel.width; ++i) {
          const std::ptrdiff_t u = x + i - kernel.width / 2;
          const std::ptrdiff_t v = y + j - kernel.height / 2;
          if (!in.contains(u, v) || (image.mask(u, v) & ignored_by_detection) != 0) continue;
          const double value = in(u, v);
          const double whole = image.variance(u, v);
          if (!std::isfinite(value) || !(whole > 0.0)) continue;
          const double sky =
              std::max(whole - value / static_cast<double>(image.gain_e_per_unit), 0.02 * whole);
          signal += static_cast<double>(kernel(i, j)) * value / sky;
          norm += static_cast<double>(kernel(i, j)) * static_cast<double>(kernel(i, j)) / sky;
        }
      }
      out(x, y) = norm > 0.1 * whole_norm ? static_cast<float>(signal / std::sqrt(norm))
                                          : std::numeric_limits<float>::quiet_NaN();
    }
  }
  return out;
}

Plane<std::int32_t> flood_fill(View<const float> image, float threshold) {
  Plane<std::int32_t> labels(image.width, image.height);
  std::int32_t count = 0;
  std::vector<std::pair<std::ptrdiff_t, std::ptrdiff_t>> open;
  for (std::ptrdiff_t y = 0; y < image.height; ++y) {
    for (std::ptrdiff_t x = 0; x < image.width; ++x) {
      if (!(image(x, y) >= threshold) || labels(x, y) != 0) continue;
      labels(x, y) = ++count;
      open.emplace_back(x, y);
      while (!open.empty()) {
        const auto [px, py] = open.back();
        open.pop_back();
        for (std::ptrdiff_t v = py - 1; v <= py + 1; ++v) {
          for (std::ptrdiff_t u = px - 1; u <= px + 1; ++u) {
            if (!image.contains(u, v) || !(image(u, v) >= threshold) || labels(u, v) != 0) continue;
            labels(u, v) = count;
            open.emplace_back(u, v);
          }
        }
      }
    }
  }
  return labels;
}

std::vector<Peak> peaks_by_thresholding(View<const float> image, float isophote) {
  std::vector<Peak> peaks;
  std::set<float, std::greater<>> levels;
  for (std::ptrdiff_t y = 0; y < image.height; ++y) {
    for (std::ptrdiff_t x = 0; x < image.width; ++x) {
      if (!(image(x, y) >= isophote)) continue;
      levels.insert(image(x, y));
      bool summit = true;
      for (std::ptrdiff_t v = y - 1; v <= y + 1; ++v) {
        for (std::ptrdiff_t u = x - 1; u <= x + 1; ++u) {
          summit = summit && (!image.contains(u, v) || image(u, v) <= image(x, y));
        }
      }
      if (summit) {
        peaks.push_back({static_cast<std::int32_t>(x), static_cast<std::int32_t>(y), image(x, y),
                         isophote, true});
      }
    }
  }
  for (const float level : levels) {
    const Plane<std::int32_t> labels = flood_fill(image, level);
    for (Peak& peak : peaks) {
      if (!peak.highest || peak.height < level) continue;
      for (const Peak& other : peaks) {
        if (other.height > peak.height && labels(other.x, other.y) == labels(peak.x, peak.y)) {
          peak.saddle = level;
          peak.highest = false;
        }
      }
    }
  }
  return peaks;
}

double circle_sum(View<const float> image, double x, double y, double radius, int cuts) {
  double sum = 0.0;
  for (std::ptrdiff_t v = 0; v < image.height; ++v) {
    for (std::ptrdiff_t u = 0; u < image.width; ++u) {
      int inside = 0;
      for (int j = 0; j < cuts; ++j) {
        for (int i = 0; i < cuts; ++i) {
          const double dx = static_cast<double>(u) - 0.5 + (i + 0.5) / cuts - x;
          const double dy = static_cast<double>(v) - 0.5 + (j + 0.5) / cuts - y;
          inside += dx * dx + dy * dy <= radius * radius ? 1 : 0;
        }
      }
      sum += static_cast<double>(image(u, v)) * inside / (cuts * cuts);
    }
  }
  return sum;
}

}  // namespace polis::reference
