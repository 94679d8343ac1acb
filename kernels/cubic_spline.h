#pragma once

#include <array>

#include "kernels/view.h"

namespace polis {

/// Weights of the cubic B-spline for the coefficients at floor(s) - 1 .. floor(s) + 2, t = s -
/// floor(s).
template <class T>
constexpr std::array<T, 4> spline_weights(T t) {
  const T u = T(1) - t;
  const T sixth = T(1) / T(6);
  return {u * u * u * sixth, (T(3) * t * t * t - T(6) * t * t + T(4)) * sixth,
          (T(3) * u * u * u - T(6) * u * u + T(4)) * sixth, t * t * t * sixth};
}

/// Their first derivatives by s.
template <class T>
constexpr std::array<T, 4> spline_slopes(T t) {
  const T u = T(1) - t;
  const T half = T(1) / T(2);
  return {-half * u * u, half * (T(3) * t * t - T(4) * t), -half * (T(3) * u * u - T(4) * u),
          half * t * t};
}

/// Turns samples into the coefficients of the cubic spline through them, mirrored at the edges
/// (Unser, Aldroubi & Eden 1993, IEEE Trans. Signal Process. 41, 821). In place, along both axes.
void spline_coefficients(View<double> samples);

}  // namespace polis
