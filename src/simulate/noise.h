#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace polis {

/// Noise for whole rows at a time: the counter-based generator of base/random.h, evaluated side by
/// side so that the compiler vectorises it. A row's numbers depend on (seed, name, row) alone.
class RowNoise {
 public:
  RowNoise(std::uint64_t seed, std::string_view name);
  /// Standard normal deviates, through the inverse error function of Giles (2010, GPU Computing
  /// Gems, ch. 10; relative error 4e-7); the tails end at 6.3 sigma.
  void normal(std::uint64_t row, std::span<float> out) const;
  /// Replaces each mean by a Poisson deviate: by inversion below `kExactBelow`, the rounded normal
  /// above it. Negative and NaN means give 0.
  void poisson(std::uint64_t row, std::span<float> mean_to_count) const;
  static constexpr float kExactBelow = 40.0F;

 private:
  std::uint64_t key_;
};

}  // namespace polis
