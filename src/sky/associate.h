#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sky/wcs.h"

namespace polis {

/// Something seen at one place of the sky in one frame.
struct SkyPoint {
  SkyPosition position;
  double error_arcsec = std::numeric_limits<double>::quiet_NaN();  ///< 1 sigma, per axis
  double mjd = std::numeric_limits<double>::quiet_NaN();           ///< UTC
  std::int32_t frame = 0;  ///< points of one frame are different things
};

/// A thing that several frames may show.
struct SkyGroup {
  SkyPosition position;  ///< mean, weighted by 1 / error^2
  double error_arcsec = 0.0;
  std::vector<std::size_t> members;  ///< indices of points, by frame
};

struct AssociateSettings {
  double sigma = 4.0;         ///< of the distance's error: 1 of 3000 true pairs lies farther apart
  double floor_arcsec = 0.1;  ///< how well frames agree, beyond the errors of the positions
  double most_arcsec = 3.0;   ///< never farther apart than this
};

/// Says which points are the same thing at rest. Frames are taken in ascending order of
/// SkyPoint::frame; within a frame the pair of point and group with the smallest normalised
/// distance is joined first, and no group takes two points of one frame. What joins nothing is a
/// new group. `known`: things of earlier nights (their members are ignored): they are the first
/// groups of the result, in order, perhaps without members. Points without a position join nothing.
std::vector<SkyGroup> associate(std::span<const SkyPoint> points, std::span<const SkyGroup> known,
                                const AssociateSettings& settings);

/// Error of a position with the floor added. [arcsec]
double with_floor(double error_arcsec, double floor_arcsec);

}  // namespace polis
