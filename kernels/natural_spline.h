#pragma once

#include <cstddef>
#include <span>

namespace polis {

/// Second derivatives at the knots 0, 1, 2, ... of the natural cubic spline through `values`
/// (0 at both ends). `bend` has the size of `values`.
void natural_spline_bend(std::span<const float> values, std::span<float> bend);

/// Where a coordinate in knots lies: the interval from knot `low` to `high`, and the place in it.
struct SplinePlace {
  std::size_t low = 0;
  std::size_t high = 0;
  float part = 0.0F;  ///< 0 at `low`, 1 at `high`; outside that range beyond the ends: there linear
};
SplinePlace spline_place(double knot, std::size_t knots);

/// The spline at a place between two knots with values and second derivatives there.
float spline_value(float low, float high, float low_bend, float high_bend, float part);

}  // namespace polis
