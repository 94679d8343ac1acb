#include "simulate/noise.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>

#include "base/random.h"

namespace polis {
namespace {

constexpr std::size_t kLanes = 64;  ///< generator blocks made together; each gives four words

using Lane = std::array<std::uint32_t, kLanes>;
using Block = std::array<float, 4 * kLanes>;

/// Philox 4x32-10 of the counters (first + lane, 0, row).
void philox(std::uint64_t key, std::uint32_t first, std::uint64_t row, std::array<Lane, 4>& c) {
  for (std::size_t i = 0; i < kLanes; ++i) {
    c[0][i] = first + static_cast<std::uint32_t>(i);
    c[1][i] = 0;
    c[2][i] = static_cast<std::uint32_t>(row);
    c[3][i] = static_cast<std::uint32_t>(row >> 32);
  }
  auto k0 = static_cast<std::uint32_t>(key);
  auto k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * c[0][i];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * c[2][i];
      c[0][i] = static_cast<std::uint32_t>(p1 >> 32) ^ c[1][i] ^ k0;
      c[1][i] = static_cast<std::uint32_t>(p1);
      c[2][i] = static_cast<std::uint32_t>(p0 >> 32) ^ c[3][i] ^ k1;
      c[3][i] = static_cast<std::uint32_t>(p0);
    }
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
}

/// Natural logarithm of a normal positive number; relative error 1e-7 (Cephes' logf polynomial).
float log_of(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  float exponent = static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 126);
  float m = std::bit_cast<float>((bits & 0x007FFFFFU) | 0x3F000000U);  // 0.5 <= m < 1
  const bool small = m < 0.707106781F;
  exponent -= small ? 1.0F : 0.0F;
  m = (small ? m + m : m) - 1.0F;
  const float z = m * m;
  float y = 7.0376836292e-2F;
  y = y * m - 1.1514610310e-1F;
  y = y * m + 1.1676998740e-1F;
  y = y * m - 1.2420140846e-1F;
  y = y * m + 1.4249322787e-1F;
  y = y * m - 1.6668057665e-1F;
  y = y * m + 2.0000714765e-1F;
  y = y * m - 2.4999993993e-1F;
  y = y * m + 3.3333331174e-1F;
  y = y * m * z - 0.5F * z;
  return m + y + 0.693147180559945F * exponent;
}

/// The normal deviate whose two-sided tail probability is 0 < v <= 1.
float deviate(float v) {
  const float w = -log_of(v * (2.0F - v));
  const float a = w - 2.5F;
  float p = 2.81022636e-08F;
  p = p * a + 3.43273939e-07F;
  p = p * a - 3.5233877e-06F;
  p = p * a - 4.39150654e-06F;
  p = p * a + 0.00021858087F;
  p = p * a - 0.00125372503F;
  p = p * a - 0.00417768164F;
  p = p * a + 0.246640727F;
  p = p * a + 1.50140941F;
  const float b = std::sqrt(w < 0.0F ? 0.0F : w) - 3.0F;
  float q = -0.000200214257F;
  q = q * b + 0.000100950558F;
  q = q * b + 0.00134934322F;
  q = q * b - 0.00367342844F;
  q = q * b + 0.00573950773F;
  q = q * b - 0.0076224613F;
  q = q * b + 0.00943887047F;
  q = q * b + 1.00167406F;
  q = q * b + 2.83297682F;
  return 1.41421356F * (w < 5.0F ? p : q) * (1.0F - v);
}

void normals(const std::array<Lane, 4>& words, Block& out) {
  for (std::size_t part = 0; part < 4; ++part) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const std::uint32_t word = words[part][i];
      // Signed, because only that conversion to float is a vector instruction; 2^31 would not fit.
      const std::uint32_t half = std::min(word >> 1, 0x7ffffffeU);
      const float tail = static_cast<float>(static_cast<std::int32_t>(half) + 1) * 0x1p-31F;
      const float value = deviate(tail);
      out[part * kLanes + i] = (word & 1U) != 0 ? value : -value;
    }
  }
}

/// Calls use(position, count, numbers) for consecutive pieces of a row.
template <class Use>
void each_piece(std::uint64_t key, std::uint64_t row, std::size_t size, Use&& use) {
  std::array<Lane, 4> words;
  Block block;
  std::uint32_t counter = 0;
  for (std::size_t at = 0; at < size; at += block.size(), counter += kLanes) {
    philox(key, counter, row, words);
    normals(words, block);
    use(at, std::min(block.size(), size - at), words, block);
  }
}

/// Poisson by inversion: one uniform number, about `mean` steps.
float invert_poisson(float mean, std::uint32_t word) {
  const double u = (static_cast<double>(word) + 0.5) * 0x1p-32;
  double term = std::exp(-static_cast<double>(mean));
  double sum = term;
  int k = 0;
  while (u > sum && k < 200) {
    ++k;
    term *= static_cast<double>(mean) / k;
    sum += term;
  }
  return static_cast<float>(k);
}

}  // namespace

RowNoise::RowNoise(std::uint64_t seed, std::string_view name)
    : key_(RandomStream(seed, name).next_u64()) {}

void RowNoise::normal(std::uint64_t row, std::span<float> out) const {
  each_piece(key_, row, out.size(),
             [&](std::size_t at, std::size_t n, const auto&, const Block& b) {
               std::copy_n(b.begin(), n, out.begin() + static_cast<std::ptrdiff_t>(at));
             });
}

void RowNoise::poisson(std::uint64_t row, std::span<float> means) const {
  each_piece(key_, row, means.size(),
             [&](std::size_t at, std::size_t n, const auto& words, const Block& b) {
               float* mean = means.data() + at;
               bool any_low = false;
               for (std::size_t i = 0; i < n; ++i) any_low |= !(mean[i] >= kExactBelow);
               for (std::size_t i = 0; any_low && i < n; ++i) {
                 if (mean[i] >= kExactBelow) continue;
                 // Marked as done by its sign; the loop below leaves it alone.
                 mean[i] = mean[i] > 0.0F
                               ? -1.0F - invert_poisson(mean[i], words[i / kLanes][i % kLanes])
                               : -1.0F;
               }
               for (std::size_t i = 0; i < n; ++i) {
                 const float m = mean[i];
                 const float root = std::sqrt(m < 0.0F ? 0.0F : m);
                 const float drawn = std::nearbyint(m + root * b[i]);
                 mean[i] = m < 0.0F ? -1.0F - m : drawn;
               }
             });
}

}  // namespace polis
