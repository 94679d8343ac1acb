#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/view.h"
#include "simulate/scene.h"
#include "simulate/stars.h"

namespace polis {

/// A galaxy: de Vaucouleurs bulge and exponential disc with logarithmic spiral arms.
struct Galaxy {
  std::int64_t id = 0;
  SkyPosition position;
  Magnitudes mag{};
  double bulge_share = 0.0;          ///< of the light
  double bulge_radius_arcsec = 1.0;  ///< half-light, along the major axis
  double disc_radius_arcsec = 1.0;   ///< half-light, along the major axis
  double axis_ratio = 1.0;           ///< of the disc; the bulge is half-way to round
  double position_angle_deg = 0.0;   ///< of the major axis, from north through east
  double arm_strength = 0.0;         ///< 0..1
  double arm_pitch = 0.3;            ///< tangent of the pitch angle
  double arm_phase = 0.0;            ///< [rad]
};

/// Galaxies of the scene inside `cap`. Counts per magnitude as measured (Yasuda et al. 2001, AJ
/// 122, 1104, in r to 18; slope 0.4 beyond as in deep fields); sizes as in Shen et al. (2003, MNRAS
/// 343, 978).
std::vector<Galaxy> galaxies_in(const Scene& scene, const SkyCap& cap);

/// Surface brightness before the atmosphere on a square of 2 * half + 1 pixels, whose centre is
/// (x, y) px away from that of the middle pixel; sums to 1. `to_major` maps a pixel offset to
/// arcsec along and across the major axis.
Plane<float> galaxy_stamp(const Galaxy& galaxy, const std::array<double, 4>& to_major, double x,
                          double y, int half);

}  // namespace polis
