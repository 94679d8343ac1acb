#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __AVX__
#include <immintrin.h>
#endif

/// Eight floats at a time, by the compiler's vector types: for reductions, which plain loops leave
/// scalar because their order matters. The order here is fixed by the lanes, so results do not
/// depend on threads.
namespace polis::simd {

inline constexpr std::size_t lanes = 8;
using Float8 = float __attribute__((vector_size(32)));
using Int8 =
    std::int32_t __attribute__((vector_size(32)));  ///< also the result of a comparison: 0 or -1

inline Float8 splat(float value) { return Float8{} + value; }
inline Float8 load(const float* from) {
  Float8 value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
inline Int8 load(const std::int32_t* from) {
  Int8 value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
inline void store(float* to, Float8 value) { std::memcpy(to, &value, sizeof value); }

/// The lanes of `value` where `mask` holds, 0 elsewhere (also where `value` is NaN there).
inline Float8 keep(Int8 mask, Float8 value) {
  return reinterpret_cast<Float8>(reinterpret_cast<Int8>(value) & mask);
}
inline Float8 square_root(Float8 value) {
#ifdef __AVX__
  return reinterpret_cast<Float8>(_mm256_sqrt_ps(reinterpret_cast<__m256>(value)));
#else
  for (std::size_t k = 0; k < lanes; ++k) value[k] = std::sqrt(value[k]);
  return value;
#endif
}
/// 0, 1, 2, ... 7
inline Float8 ramp() { return Float8{0.0F, 1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F}; }
inline Float8 smaller(Float8 a, Float8 b) { return a < b ? a : b; }
inline Float8 larger(Float8 a, Float8 b) { return a > b ? a : b; }
/// Bit k is set where lane k of `mask` is.
inline unsigned bits(Int8 mask) {
#ifdef __AVX__
  return static_cast<unsigned>(_mm256_movemask_ps(reinterpret_cast<__m256>(mask)));
#else
  unsigned result = 0;
  for (unsigned k = 0; k < lanes; ++k) result |= (mask[k] != 0 ? 1U : 0U) << k;
  return result;
#endif
}
/// Sum over lanes, in double, always in the same order.
inline double sum(Float8 value) {
  using Float4 = float __attribute__((vector_size(16)));
  using Double4 = double __attribute__((vector_size(32)));
  Float4 low;
  Float4 high;
  std::memcpy(&low, &value, sizeof low);
  std::memcpy(&high, reinterpret_cast<const char*>(&value) + sizeof low, sizeof high);
  const Double4 pairs =
      __builtin_convertvector(low, Double4) + __builtin_convertvector(high, Double4);
  return (pairs[0] + pairs[2]) + (pairs[1] + pairs[3]);
}
inline std::int64_t sum(Int8 value) {
  std::int64_t total = 0;
  for (std::size_t k = 0; k < lanes; ++k) total += value[k];
  return total;
}

}  // namespace polis::simd
