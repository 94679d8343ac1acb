#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/difference_score.h"
#include "kernels/parallel.h"
#include "kernels/robust.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kCell = 128;  // [px]
// A block is so large that its mean light does not depend on the noise of any one score in it:
// choosing by that would choose among scores.
constexpr std::ptrdiff_t kBlock = 16;  // [px]
constexpr std::ptrdiff_t kStep = 5;    // [px] between samples: scores of neighbours are alike
constexpr std::size_t kFewest = 64;

struct Block {
  std::ptrdiff_t x0 = 0, y0 = 0;
  float light = 0.0F;
};

float mean_light(View<const float> half, std::ptrdiff_t x0, std::ptrdiff_t y0) {
  float sum = 0.0F;
  for (std::ptrdiff_t y = y0 / 2; y < (y0 + kBlock) / 2; y += 2) {
    for (std::ptrdiff_t x = x0 / 2; x < (x0 + kBlock) / 2; ++x) sum += half(x, y);
  }
  return sum;
}

/// Scores of the half of a cell's whole blocks where the model has less light.
std::vector<float> dark_half(const ScoreInput& input, View<const float> score, std::ptrdiff_t x0,
                             std::ptrdiff_t y0) {
  std::vector<Block> blocks;
  for (std::ptrdiff_t y = y0; y + kBlock <= std::min(score.height, y0 + kCell); y += kBlock) {
    for (std::ptrdiff_t x = x0; x + kBlock <= std::min(score.width, x0 + kCell); x += kBlock) {
      blocks.push_back({x, y, mean_light(input.model_half, x, y)});
    }
  }
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.light < b.light; });
  blocks.resize((blocks.size() + 1) / 2);
  std::vector<float> scores;
  for (const Block& block : blocks) {
    for (std::ptrdiff_t y = block.y0; y < block.y0 + kBlock; y += kStep) {
      for (std::ptrdiff_t x = block.x0; x < block.x0 + kBlock; x += kStep) {
        if ((input.mask(x, y) & mask_bits::unusable) != 0 || score(x, y) == 0.0F) continue;
        scores.push_back(score(x, y));
      }
    }
  }
  return scores;
}

}  // namespace

double score_noise(const ScoreInput& input, View<const float> score) {
  const std::ptrdiff_t columns = (score.width + kCell - 1) / kCell;
  const std::ptrdiff_t rows = (score.height + kCell - 1) / kCell;
  std::vector<std::vector<float>> cells(static_cast<std::size_t>(columns * rows));
  parallel_for(columns * rows, [&](std::ptrdiff_t i) {
    cells[static_cast<std::size_t>(i)] =
        dark_half(input, score, (i % columns) * kCell, (i / columns) * kCell);
  });
  std::vector<float> all;
  for (const auto& cell : cells) all.insert(all.end(), cell.begin(), cell.end());
  if (all.size() < kFewest) return 1.0;
  const double sigma = clipped_level(all).sigma;
  return sigma > 0.0 && std::isfinite(sigma) ? sigma : 1.0;
}

}  // namespace polis
