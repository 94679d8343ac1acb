#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace polis {

/// Direction on the sky, ICRS. [deg]
struct SkyPosition {
  double ra_deg = 0.0;
  double dec_deg = 0.0;
};
/// Position on a detector; (0, 0) is the centre of the first pixel, x along rows. [px]
struct PixelPosition {
  double x = 0.0;
  double y = 0.0;
};

/// TAN projection with SIP distortion (Calabretta & Greisen 2002; Shupe et al. 2005), ICRS.
///
/// A plain value: cheap to copy, compare and write down. `valid` is false for a frame that has no
/// WCS. u = x - crpix_x, v = y - crpix_y; (u, v) += (A(u, v), B(u, v)); then CD, then the inverse
/// TAN.
struct Wcs {
  bool valid = false;
  SkyPosition reference;               ///< CRVAL
  PixelPosition reference_pixel;       ///< CRPIX - 1
  std::array<double, 4> cd{};          ///< CD1_1 CD1_2 CD2_1 CD2_2 [deg/px]
  int sip_order = 0;                   ///< 0: no distortion; 2..5
  std::vector<double> sip_a, sip_b;    ///< coefficient of u^p v^q at sip_index(p, q)
  std::vector<double> sip_ap, sip_bp;  ///< inverse polynomials, same order and indexing

  bool operator==(const Wcs&) const;
  double pixel_scale_arcsec() const;  ///< sqrt(|det CD|)
  bool flipped() const {
    return cd[0] * cd[3] - cd[1] * cd[2] > 0.0;
  }  ///< det > 0: mirror image of the sky

  SkyPosition to_sky(PixelPosition pixel) const;  ///< requires valid
  /// Requires valid. A position on the far hemisphere gives NaN.
  PixelPosition to_pixel(SkyPosition sky) const;
};

/// Coefficients are stored for p, q >= 0, p + q <= order, in order of p + q, then p.
constexpr std::size_t sip_index(int p, int q) {
  const int n = p + q;
  return static_cast<std::size_t>(n * (n + 1) / 2 + p);
}
constexpr std::size_t sip_size(int order) {
  return static_cast<std::size_t>((order + 1) * (order + 2) / 2);
}

/// Gnomonic projection about `centre`: standard coordinates (xi to the east, eta to the north).
/// [rad] Gives NaN for positions 90 degrees or more away.
std::array<double, 2> project_tan(SkyPosition centre, SkyPosition position);
SkyPosition unproject_tan(SkyPosition centre, std::array<double, 2> xi_eta);
/// Great-circle distance. [arcsec]
double separation_arcsec(SkyPosition a, SkyPosition b);

}  // namespace polis
