#pragma once

#include <bit>
#include <cstdint>

#include "kernels/simd.h"

/// Functions of eight floats at a time, good to a few units in the last place over the range that
/// is named.
namespace polis::simd {

/// Natural logarithm of a normal positive number, from the series of the inverse hyperbolic
/// tangent.
inline Float8 logarithm(Float8 x) {
  // x = m 2^e with sqrt(1/2) <= m < sqrt(2); the bits of sqrt(1/2) are the origin.
  constexpr auto origin = std::bit_cast<std::int32_t>(0.70710678F);
  const Int8 exponent = (reinterpret_cast<Int8>(x) - origin) >> 23;
  const auto m = reinterpret_cast<Float8>(reinterpret_cast<Int8>(x) - (exponent << 23));
  const Float8 s = (m - 1.0F) / (m + 1.0F);
  const Float8 z = s * s;
  // |s| < 0.172: what follows is below 10^-9.
  const Float8 series =
      2.0F + z * (2.0F / 3.0F + z * (2.0F / 5.0F + z * (2.0F / 7.0F + z * (2.0F / 9.0F))));
  return __builtin_convertvector(exponent, Float8) * 0.69314718F + s * series;
}

/// Exponential of a number in -87 .. 0; what is smaller counts as -87.
inline Float8 exponential(Float8 x) {
  const Float8 cut = larger(x, splat(-87.0F));
  // x = n ln 2 + r with |r| <= ln(2) / 2; adding 1.5 * 2^23 rounds.
  const Float8 shifted = cut * 1.44269504F + 12582912.0F;
  const Float8 n = shifted - 12582912.0F;
  const Float8 r = (cut - n * 0.693359375F) + n * 2.12194440e-4F;
  const Float8 series =
      1.0F +
      r * (1.0F + r * (1.0F / 2.0F +
                       r * (1.0F / 6.0F + r * (1.0F / 24.0F + r * (1.0F / 120.0F + r / 720.0F)))));
  const Int8 power = (__builtin_convertvector(n, Int8) + 127) << 23;
  return series * reinterpret_cast<Float8>(power);
}

}  // namespace polis::simd
