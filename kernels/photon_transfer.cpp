#include "kernels/photon_transfer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/robust.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kSide = 32;

Level level_in(View<const float> image) {
  std::vector<float> values = sample_pixels(image, {}, 0, static_cast<std::size_t>(kSide * kSide));
  return clipped_level(values);
}

Level difference_in(View<const float> a, View<const float> b, double ratio) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(a.size()));
  for (std::ptrdiff_t y = 0; y < a.height; ++y) {
    for (std::ptrdiff_t x = 0; x < a.width; ++x) {
      values.push_back(
          static_cast<float>(static_cast<double>(a(x, y)) - ratio * static_cast<double>(b(x, y))));
    }
  }
  return clipped_level(values, 4.0);
}

/// Variance per unit of signal in each tile [1/gain].
std::vector<float> inverse_gains(View<const float> flat1, View<const float> flat2,
                                 double bias_level, double read_variance) {
  std::vector<float> inverse;
  for (std::ptrdiff_t y = 0; y + kSide <= flat1.height; y += kSide) {
    for (std::ptrdiff_t x = 0; x + kSide <= flat1.width; x += kSide) {
      const auto a = flat1.cut(x, y, kSide, kSide);
      const auto b = flat2.cut(x, y, kSide, kSide);
      const double signal1 = level_in(a).level - bias_level;
      const double signal2 = level_in(b).level - bias_level;
      if (!(signal1 > 0.0 && signal2 > 0.0)) continue;
      const double ratio = signal1 / signal2;
      const double sigma = difference_in(a, b, ratio).sigma;
      const double shot = sigma * sigma - (1.0 + ratio * ratio) * read_variance;
      inverse.push_back(static_cast<float>(shot / (signal1 + ratio * ratio * signal2)));
    }
  }
  return inverse;
}

}  // namespace

double pair_noise(View<const float> a, View<const float> b) {
  const Level difference = difference_in(a, b, 1.0);
  return difference.count == 0 ? std::nan("") : difference.sigma / std::sqrt(2.0);
}

PhotonTransfer photon_transfer(View<const float> flat1, View<const float> flat2,
                               View<const float> bias1, View<const float> bias2) {
  PhotonTransfer result;
  if (bias1.empty() || flat1.empty()) return result;
  result.read_noise_adu = pair_noise(bias1, bias2);
  const double bias_level = 0.5 * (image_level(bias1).level + image_level(bias2).level);
  std::vector<float> inverse =
      inverse_gains(flat1, flat2, bias_level, result.read_noise_adu * result.read_noise_adu);
  const Level level = clipped_level(inverse);
  if (level.count == 0 || !(level.level > 0.0)) return result;
  result.tiles = level.count;
  result.gain_e_per_adu = 1.0 / level.level;
  result.gain_error =
      level.sigma / std::sqrt(static_cast<double>(level.count)) / (level.level * level.level);
  return result;
}

}  // namespace polis
