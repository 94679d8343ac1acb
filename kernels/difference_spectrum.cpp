#include "kernels/difference_spectrum.h"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kBlock = 32;       // [px]
constexpr std::ptrdiff_t kMostBlocks = 20;  // along each axis
constexpr std::ptrdiff_t kLags = 8;         // [px]
constexpr std::size_t kFewestBlocks = 8;
constexpr float kClip = 3.5F;            // sigma: what stands out is no noise
constexpr double kNoticed = 0.03;        // difference of a correlation that counts
constexpr float kMostPower = 8.0F;       // the ratio is not trusted beyond
constexpr std::ptrdiff_t kCompared = 2;  // [px] lags by which the two are compared

using Spectrum = SquareFft::Spectrum;

struct Block {
  std::ptrdiff_t x0 = 0, y0 = 0;
  float light = 0.0F;
};

std::vector<Block> dark_blocks(const ScoreInput& input) {
  const std::ptrdiff_t width = input.difference.width;
  const std::ptrdiff_t height = input.difference.height;
  const auto count = [](std::ptrdiff_t length) { return std::min(kMostBlocks, length / kBlock); };
  std::vector<Block> blocks;
  for (std::ptrdiff_t j = 0; j < count(height); ++j) {
    for (std::ptrdiff_t i = 0; i < count(width); ++i) {
      Block block{i * width / count(width), j * height / count(height), 0.0F};
      for (std::ptrdiff_t y = block.y0 / 2; y < (block.y0 + kBlock) / 2; ++y) {
        for (std::ptrdiff_t x = block.x0 / 2; x < (block.x0 + kBlock) / 2; ++x) {
          block.light += input.model_half(x, y);
        }
      }
      blocks.push_back(block);
    }
  }
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.light < b.light; });
  blocks.resize((blocks.size() + 1) / 2);
  return blocks;
}

/// Sums of products of neighbours and their number, as periodic images.
struct Correlation {
  Plane<float> products, pairs;
};

Plane<float> correlate_with_itself(const Plane<float>& image, const SquareFft& fft) {
  Spectrum spectrum;
  fft.forward(image, spectrum);
  for (auto& value : spectrum) value = std::norm(value);
  Plane<float> result;
  fft.backward(spectrum, result);
  return result;
}

/// Of one block, in units of its own noise.
Correlation correlate_block_noise(const ScoreInput& input, const Block& block,
                                  const SquareFft& fft) {
  std::vector<float> values;
  const auto usable = [&](std::ptrdiff_t x, std::ptrdiff_t y) {
    return (input.mask(x, y) & mask_bits::unusable) == 0;
  };
  for (std::ptrdiff_t y = block.y0; y < block.y0 + kBlock; ++y) {
    for (std::ptrdiff_t x = block.x0; x < block.x0 + kBlock; ++x) {
      if (usable(x, y)) values.push_back(input.difference(x, y));
    }
  }
  Correlation result;
  if (values.size() < static_cast<std::size_t>(kBlock * kBlock / 2)) return result;
  const Level level = clipped_level(values);
  if (!(level.sigma > 0.0)) return result;
  Plane<float> image(fft.side(), fft.side());
  Plane<float> weight(fft.side(), fft.side());
  for (std::ptrdiff_t y = 0; y < kBlock; ++y) {
    for (std::ptrdiff_t x = 0; x < kBlock; ++x) {
      const auto value = static_cast<float>(
          (static_cast<double>(input.difference(block.x0 + x, block.y0 + y)) - level.level) /
          level.sigma);
      if (!usable(block.x0 + x, block.y0 + y) || std::abs(value) > kClip) continue;
      image(x, y) = value;
      weight(x, y) = 1.0F;
    }
  }
  result.products = correlate_with_itself(image, fft);
  result.pairs = correlate_with_itself(weight, fft);
  return result;
}

/// Correlation at each lag, 1 at lag 0; 0 beyond kLags.
Plane<float> measured_correlation(const ScoreInput& input, const SquareFft& fft) {
  const std::vector<Block> blocks = dark_blocks(input);
  std::vector<Correlation> parts(blocks.size());
  parallel_for(static_cast<std::ptrdiff_t>(blocks.size()), [&](std::ptrdiff_t i) {
    const auto k = static_cast<std::size_t>(i);
    parts[k] = correlate_block_noise(input, blocks[k], fft);
  });
  const std::ptrdiff_t side = fft.side();
  Plane<double> products(side, side, 0.0);
  Plane<double> pairs(side, side, 0.0);
  std::size_t used = 0;
  for (const Correlation& part : parts) {
    if (part.products.empty()) continue;
    ++used;
    for (std::ptrdiff_t i = 0; i < products.size(); ++i) {
      products.data()[i] += static_cast<double>(part.products.data()[i]);
      pairs.data()[i] += static_cast<double>(part.pairs.data()[i]);
    }
  }
  Plane<float> result;
  if (used < kFewestBlocks || !(products(0, 0) > 0.0)) return result;
  result = Plane<float>(side, side);
  const double unit = products(0, 0) / pairs(0, 0);
  for (std::ptrdiff_t j = -kLags; j <= kLags; ++j) {
    for (std::ptrdiff_t i = -kLags; i <= kLags; ++i) {
      const std::ptrdiff_t x = (i + side) % side;
      const std::ptrdiff_t y = (j + side) % side;
      const double r = std::hypot(static_cast<double>(i), static_cast<double>(j));
      // Fades out towards the last lag: a sharp end would ring in the power.
      const double fade = std::max(0.0, 1.0 - std::pow(r / (kLags + 1.0), 2));
      result(x, y) = static_cast<float>(fade * products(x, y) / std::max(pairs(x, y), 1.0) / unit);
    }
  }
  return result;
}

/// Power that white frames and the kernel give, with mean 1.
std::vector<float> expected_power(const ScoreInput& input, const SquareFft& fft) {
  const MatchingKernel& kernel = input.kernel;
  const Plane<float> stamp = kernel.evaluate(kernel.shape.x_centre, kernel.shape.y_centre);
  Plane<float> image(fft.side(), fft.side());
  for (std::ptrdiff_t y = 0; y < stamp.height(); ++y) {
    for (std::ptrdiff_t x = 0; x < stamp.width(); ++x) image(x, y) = stamp(x, y);
  }
  Spectrum spectrum;
  fft.forward(image, spectrum);
  std::vector<float> power;
  double square = 0.0;
  for (std::ptrdiff_t i = 0; i < stamp.size(); ++i) {
    square += std::pow(static_cast<double>(stamp.data()[i]), 2);
  }
  const double mean = input.broad_variance + input.sharp_variance * square;
  for (const auto& value : spectrum) {
    power.push_back(static_cast<float>(
        (input.broad_variance + input.sharp_variance * static_cast<double>(std::norm(value))) /
        mean));
  }
  return power;
}

}  // namespace

std::vector<float> measure_noise_shape(const ScoreInput& input, const SquareFft& fft) {
  const Plane<float> measured = measured_correlation(input, fft);
  if (measured.empty() || !(input.broad_variance > 0.0)) return {};
  const std::vector<float> power = expected_power(input, fft);
  Spectrum spectrum(power.begin(), power.end());
  Plane<float> expected;
  fft.backward(spectrum, expected);
  double most = 0.0;
  for (std::ptrdiff_t j = 0; j <= kCompared; ++j) {
    for (std::ptrdiff_t i = 0; i <= kCompared; ++i) {
      most = std::max(most, static_cast<double>(std::abs(measured(i, j) - expected(i, j))));
    }
  }
  if (most < kNoticed) return {};
  fft.forward(measured, spectrum);
  std::vector<float> shape;
  for (std::size_t k = 0; k < power.size(); ++k) {
    shape.push_back(
        std::clamp(spectrum[k].real() / std::max(power[k], 1e-3F), 1.0F / kMostPower, kMostPower));
  }
  return shape;
}

}  // namespace polis
