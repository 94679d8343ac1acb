#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "simulate/scene.h"
#include "sky/wcs.h"

namespace polis {

/// Bands of the simulated sky.
enum class Band { g = 0, r = 1, i = 2 };
Band band_of(std::string_view filter);     ///< "g", "r", "i"; r for anything else
using Magnitudes = std::array<double, 3>;  ///< AB, indexed by Band

inline constexpr double kCatalogueEpoch = 2016.0;  ///< of star positions [Julian year]

struct Star {
  std::int64_t id = 0;
  SkyPosition position;            ///< at kCatalogueEpoch
  double pmra = 0.0, pmdec = 0.0;  ///< [mas/yr], pmra includes cos(dec)
  Magnitudes mag{};
};

/// Galactic longitude and latitude. [deg]
std::array<double, 2> galactic(SkyPosition icrs);

/// Stars per square degree and magnitude at V = `mag`: disc and spheroid of Bahcall & Soneira
/// (1980, ApJS 44, 73, appendix B; differential form). Fitted for |b| > 20 deg; nearer to the plane
/// the counts are those at 10 deg, which is what dust leaves of them.
double star_counts(double mag, double longitude_deg, double latitude_deg);

/// A cap of the sky.
struct SkyCap {
  SkyPosition centre;
  double radius_deg = 0.0;
  bool contains(SkyPosition position) const;
};

/// Calls visit(cell key, SkyCap around the cell, its ra and dec limits) for each cell of a fixed
/// 0.1 deg grid that may share sky with `cap`, in a fixed order: what lies in a cell depends on its
/// key alone.
struct SkyCell {
  std::uint64_t key = 0;
  double ra_deg = 0.0, dec_deg = 0.0;  ///< lower corner
  double ra_width_deg = 0.0, dec_width_deg = 0.0;
  double area_deg2() const;
  /// A position in it, uniform on the sphere; u and v in (0, 1).
  SkyPosition at(double u, double v) const;
  SkyPosition centre() const;
};
void each_cell(const SkyCap& cap, const std::function<void(const SkyCell&)>& visit);

/// The stars of the scene inside `cap`, cluster members included; the same star has the same id and
/// properties whatever the cap.
std::vector<Star> stars_in(const Scene& scene, const SkyCap& cap);

}  // namespace polis
