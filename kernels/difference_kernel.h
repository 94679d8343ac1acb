#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "kernels/view.h"

namespace polis {

/// Polynomial over the field in coordinates -1..1: terms 1, X, Y, X2, XY, Y2, ... by degree, then
/// power of Y.
struct FieldPolynomial {
  int order = 0;
  double x_centre = 0.0, y_centre = 0.0;  ///< [px]
  double x_scale = 1.0, y_scale = 1.0;    ///< [px]

  static FieldPolynomial over(std::ptrdiff_t width, std::ptrdiff_t height, int order);
  std::size_t term_count() const { return static_cast<std::size_t>((order + 1) * (order + 2) / 2); }
  /// Terms at (x, y) into `out`, which has term_count() places.
  void evaluate(double x, double y, double* out) const;
  /// sum of weights x terms at (x0, y), (x0 + 1, y), ... into `count` places.
  void along_row(const std::vector<double>& weights, double x0, double y, std::ptrdiff_t count,
                 float* out) const;
};

/// The kernel that turns one frame into the likeness of the other, and the sky between them:
/// other(x, y) = sum over (i, j) of kernel(i, j) x (frame(x + i - radius, y + j - radius) - level)
/// + background, as correlate() takes kernels.
struct MatchingKernel {
  std::ptrdiff_t radius = 0;        ///< [px]
  FieldPolynomial shape;            ///< of the kernel
  std::vector<Plane<float>> terms;  ///< one (2 radius + 1)^2 plane per polynomial term
  FieldPolynomial sky;              ///< of the background
  std::vector<double> sky_terms;    ///< [unit of the frame that is not convolved]
  double level = 0.0;               ///< taken off the frame before it is convolved

  bool empty() const { return terms.empty(); }
  /// The kernel at (x, y) into `out`, (2 radius + 1)^2 values.
  void evaluate(double x, double y, View<float> out) const;
  Plane<float> evaluate(double x, double y) const;
  double background(double x, double y) const;
  /// Light that comes out for light 1 that goes in.
  double sum(double x, double y) const;
  /// radius_within() of the kernel at (x, y).
  std::ptrdiff_t reach(double x, double y, double fraction) const;
};

/// Smallest half side of a square about the middle beyond which less than `fraction` of the stamp's
/// absolute values lie. `stamp`: odd side.
std::ptrdiff_t radius_within(const Plane<float>& stamp, double fraction);

}  // namespace polis
