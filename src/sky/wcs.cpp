#include "sky/wcs.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace polis {
namespace {

constexpr double kRadian = std::numbers::pi / 180.0;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Value and derivatives of one SIP polynomial.
struct Polynomial {
  double value = 0.0;
  double du = 0.0;
  double dv = 0.0;
};

Polynomial evaluate(const std::vector<double>& coefficients, int order, double u, double v) {
  Polynomial sum;
  std::array<double, 16> up{};
  std::array<double, 16> vp{};
  up[0] = vp[0] = 1.0;
  for (std::size_t n = 1; n <= static_cast<std::size_t>(order); ++n) {
    up[n] = up[n - 1] * u;
    vp[n] = vp[n - 1] * v;
  }
  std::size_t i = 0;
  for (std::size_t n = 0; n <= static_cast<std::size_t>(order); ++n) {
    for (std::size_t p = 0; p <= n && i < coefficients.size(); ++p, ++i) {
      const double c = coefficients[i];
      if (c == 0.0) continue;
      const std::size_t q = n - p;
      sum.value += c * up[p] * vp[q];
      if (p > 0) sum.du += c * static_cast<double>(p) * up[p - 1] * vp[q];
      if (q > 0) sum.dv += c * static_cast<double>(q) * up[p] * vp[q - 1];
    }
  }
  return sum;
}

/// Solves (u, v) + (A, B)(u, v) = (wanted.x, wanted.y) by Newton's method; NaN where the distortion
/// polynomial, far outside the detector it was fitted on, has no such point near.
PixelPosition undistort(const Wcs& wcs, PixelPosition wanted) {
  double u = wanted.x;
  double v = wanted.y;
  if (!wcs.sip_ap.empty() && !wcs.sip_bp.empty()) {
    u += evaluate(wcs.sip_ap, wcs.sip_order, wanted.x, wanted.y).value;
    v += evaluate(wcs.sip_bp, wcs.sip_order, wanted.x, wanted.y).value;
  }
  constexpr int kIterations = 30;
  for (int i = 0; i < kIterations; ++i) {
    const Polynomial a = evaluate(wcs.sip_a, wcs.sip_order, u, v);
    const Polynomial b = evaluate(wcs.sip_b, wcs.sip_order, u, v);
    const double fu = u + a.value - wanted.x;
    const double fv = v + b.value - wanted.y;
    const double det = (1.0 + a.du) * (1.0 + b.dv) - a.dv * b.du;
    if (!(det > 0.0)) break;  // folded over: outside the range where the distortion means something
    const double step_u = ((1.0 + b.dv) * fu - a.dv * fv) / det;
    const double step_v = ((1.0 + a.du) * fv - b.du * fu) / det;
    u -= step_u;
    v -= step_v;
    if (std::abs(step_u) + std::abs(step_v) < 1e-10 * (1.0 + std::abs(u) + std::abs(v)))
      return {u, v};
  }
  return {kNan, kNan};
}

}  // namespace

bool Wcs::operator==(const Wcs& o) const {
  return valid == o.valid && reference.ra_deg == o.reference.ra_deg &&
         reference.dec_deg == o.reference.dec_deg && reference_pixel.x == o.reference_pixel.x &&
         reference_pixel.y == o.reference_pixel.y && cd == o.cd && sip_order == o.sip_order &&
         sip_a == o.sip_a && sip_b == o.sip_b && sip_ap == o.sip_ap && sip_bp == o.sip_bp;
}

double Wcs::pixel_scale_arcsec() const {
  return 3600.0 * std::sqrt(std::abs(cd[0] * cd[3] - cd[1] * cd[2]));
}

SkyPosition Wcs::to_sky(PixelPosition pixel) const {
  double u = pixel.x - reference_pixel.x;
  double v = pixel.y - reference_pixel.y;
  if (sip_order > 0) {
    const double a = evaluate(sip_a, sip_order, u, v).value;
    const double b = evaluate(sip_b, sip_order, u, v).value;
    u += a;
    v += b;
  }
  return unproject_tan(reference,
                       {kRadian * (cd[0] * u + cd[1] * v), kRadian * (cd[2] * u + cd[3] * v)});
}

PixelPosition Wcs::to_pixel(SkyPosition sky) const {
  const auto [xi, eta] = project_tan(reference, sky);
  const double det = cd[0] * cd[3] - cd[1] * cd[2];
  if (!std::isfinite(xi) || det == 0.0) return {kNan, kNan};
  PixelPosition offset{(cd[3] * xi - cd[1] * eta) / (det * kRadian),
                       (cd[0] * eta - cd[2] * xi) / (det * kRadian)};
  if (sip_order > 0) offset = undistort(*this, offset);
  return {offset.x + reference_pixel.x, offset.y + reference_pixel.y};
}

std::array<double, 2> project_tan(SkyPosition centre, SkyPosition position) {
  const double sin0 = std::sin(centre.dec_deg * kRadian);
  const double cos0 = std::cos(centre.dec_deg * kRadian);
  const double sin1 = std::sin(position.dec_deg * kRadian);
  const double cos1 = std::cos(position.dec_deg * kRadian);
  const double hour = (position.ra_deg - centre.ra_deg) * kRadian;
  const double sin_h = std::sin(hour);
  const double cos_h = std::cos(hour);
  const double cos_distance = sin0 * sin1 + cos0 * cos1 * cos_h;
  if (!(cos_distance > 0.0)) return {kNan, kNan};
  return {cos1 * sin_h / cos_distance, (cos0 * sin1 - sin0 * cos1 * cos_h) / cos_distance};
}

SkyPosition unproject_tan(SkyPosition centre, std::array<double, 2> xi_eta) {
  const auto [xi, eta] = xi_eta;
  const double sin0 = std::sin(centre.dec_deg * kRadian);
  const double cos0 = std::cos(centre.dec_deg * kRadian);
  const double towards = cos0 - eta * sin0;
  const double dec = std::atan2(sin0 + eta * cos0, std::hypot(xi, towards));
  double ra = centre.ra_deg + std::atan2(xi, towards) / kRadian;
  ra = std::fmod(ra, 360.0);
  if (ra < 0.0) ra += 360.0;
  if (ra >= 360.0) ra = 0.0;
  return {ra, dec / kRadian};
}

double separation_arcsec(SkyPosition a, SkyPosition b) {
  // Vincenty's form: exact near 0 and near 180 degrees.
  const double hour = (b.ra_deg - a.ra_deg) * kRadian;
  const double sin_a = std::sin(a.dec_deg * kRadian);
  const double cos_a = std::cos(a.dec_deg * kRadian);
  const double sin_b = std::sin(b.dec_deg * kRadian);
  const double cos_b = std::cos(b.dec_deg * kRadian);
  const double across = cos_b * std::sin(hour);
  const double along = cos_a * sin_b - sin_a * cos_b * std::cos(hour);
  const double angle =
      std::atan2(std::hypot(across, along), sin_a * sin_b + cos_a * cos_b * std::cos(hour));
  return angle / kRadian * 3600.0;
}

}  // namespace polis
