#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/neighbours.h"
#include "sky/wcs.h"

namespace polis {

/// Something on the sky that is to be measured in every frame.
struct Target {
  std::string name;
  SkyPosition position;   ///< mean over the sightings
  std::string reason;     ///< "star", "new", "missing", "changed" or "user"
  double flux = 0.0;      ///< largest of the sightings
  std::int32_t seen = 0;  ///< frames that it was found in
};

/// One source of one frame.
struct Sighting {
  SkyPosition position;
  double flux = 0.0;
};

/// One list of what many frames show: sightings within a radius of each other are one target. The
/// order in which frames come decides what is new, so give them in a fixed order.
class TargetList {
 public:
  /// `centre`: of the field; positions 90 degrees away are left out.
  TargetList(SkyPosition centre, double radius_arcsec)
      : centre_(centre), radius_arcsec_(radius_arcsec) {}

  /// Takes in the sources of one frame: each belongs to the nearest target, or is one of its own.
  void add_frame(std::span<const Sighting> sightings);
  /// Adds a target for another reason; if one is there already, it takes name and reason but keeps
  /// its position.
  void add(const Target& target);
  /// Targets seen at least `least_seen` times or not of reason "star", the others dropped; then at
  /// most `most`: first those that are not mere stars, then the brightest. Order of the list is
  /// kept.
  std::vector<Target> select(std::int32_t least_seen, std::size_t most) const;

 private:
  struct Entry {
    Target target;
    PlanePoint first;                 ///< place by which it is found [arcsec]
    double sum_x = 0.0, sum_y = 0.0;  ///< over the sightings
  };
  PlanePoint plane(SkyPosition position) const;
  SkyPosition position_of(const Entry& entry) const;
  std::vector<PlanePoint> places() const;

  SkyPosition centre_;
  double radius_arcsec_;
  std::vector<Entry> entries_;
};

}  // namespace polis
