#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace polis {

/// Counter-based random numbers (Philox 4x32-10: Salmon et al. 2011, SC'11,
/// doi:10.1145/2063384.2063405).
///
/// A stream is named by (seed, name, index): what it gives depends on nothing else, so work may be
/// cut over ranks and threads in any way. Cheap to make: one per star, per row, per exposure.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view name, std::uint64_t index = 0);

  std::uint32_t next_u32();
  std::uint64_t next_u64();
  double uniform();  ///< in (0, 1): never 0, never 1
  double uniform(double low, double high);
  std::uint64_t below(std::uint64_t count);  ///< 0 <= value < count; count > 0
  double normal();                           ///< mean 0, standard deviation 1 (Box-Muller)
  double exponential();                      ///< mean 1
  /// Poisson deviate; exact by inversion below 12, PTRS (Hormann 1993) above. mean >= 0, else 0.
  std::uint64_t poisson(double mean);
  /// Jumps to block `block` (four 32-bit words) of the stream.
  void seek(std::uint64_t block);

 private:
  void refill();
  std::array<std::uint32_t, 2> key_{};
  std::array<std::uint32_t, 4> counter_{};
  std::array<std::uint32_t, 4> words_{};
  unsigned used_ = 4;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

}  // namespace polis
