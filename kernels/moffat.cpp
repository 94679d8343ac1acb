#include "kernels/moffat.h"

#include <array>
#include <cmath>
#include <numbers>

#include "kernels/psf.h"

namespace polis {
namespace {

struct Node {
  double place, weight;
};
// Gauss-Legendre nodes on a pixel: -0.5 .. 0.5, weights sum to 1.
constexpr std::array<Node, 2> two{{{-0.28867513459481287, 0.5}, {0.28867513459481287, 0.5}}};
constexpr std::array<Node, 4> four{{{-0.43056815579702629, 0.17392742256872693},
                                    {-0.16999052179242813, 0.32607257743127307},
                                    {0.16999052179242813, 0.32607257743127307},
                                    {0.43056815579702629, 0.17392742256872693}}};

/// A shape made ready: q = xx u^2 + 2 xy u v + yy v^2.
struct Profile {
  double xx, xy, yy, beta, norm;
  explicit Profile(const MoffatShape& shape) {
    const double e = shape.e1 * shape.e1 + shape.e2 * shape.e2;
    const double scale = std::exp(-2.0 * shape.log_alpha) / std::sqrt(1.0 - e);
    xx = scale * (1.0 - shape.e1);
    yy = scale * (1.0 + shape.e1);
    xy = -scale * shape.e2;
    beta = 1.0 / shape.inverse_beta;
    norm = (beta - 1.0) / std::numbers::pi * std::exp(-2.0 * shape.log_alpha);
  }
  double radius2(double u, double v) const { return xx * u * u + 2.0 * xy * u * v + yy * v * v; }
  double at(double u, double v) const { return std::exp(-beta * std::log1p(radius2(u, v))); }
  template <std::size_t N>
  double over_pixel(const std::array<Node, N>& nodes, double u, double v) const {
    double sum = 0.0;
    for (const Node& b : nodes)
      for (const Node& a : nodes) sum += a.weight * b.weight * at(u + a.place, v + b.place);
    return norm * sum;
  }
  double pixel(double u, double v) const {
    // Beyond three core radii the profile bends so little over a pixel that four nodes do.
    return radius2(u, v) > 9.0 && u * u + v * v > 9.0 ? over_pixel(two, u, v)
                                                      : over_pixel(four, u, v);
  }
};

/// Fills a plane that is symmetric about its middle sample.
template <class Value>
Plane<double> symmetric_samples(int size, int oversampling, Value&& value) {
  const std::ptrdiff_t side = psf_samples(size, oversampling);
  const std::ptrdiff_t middle = side / 2;
  const double step = 1.0 / oversampling;
  Plane<double> out(side, side);
  for (std::ptrdiff_t y = 0; y <= middle; ++y)
    for (std::ptrdiff_t x = 0; x < side; ++x) {
      const double sample =
          value(static_cast<double>(x - middle) * step, static_cast<double>(y - middle) * step);
      out(x, y) = sample;
      out(side - 1 - x, side - 1 - y) = sample;
    }
  return out;
}

}  // namespace

MoffatShape MoffatShape::of_fwhm(double fwhm_px, double beta) {
  MoffatShape shape;
  shape.inverse_beta = 1.0 / beta;
  shape.log_alpha = std::log(fwhm_px / (2.0 * std::sqrt(std::exp2(shape.inverse_beta) - 1.0)));
  return shape;
}

double MoffatShape::fwhm_px() const {
  return 2.0 * std::exp(log_alpha) * std::sqrt(std::exp2(inverse_beta) - 1.0);
}

double moffat_pixel(const MoffatShape& shape, double u, double v) {
  return Profile(shape).pixel(u, v);
}

Plane<double> moffat_samples(const MoffatShape& shape, int size, int oversampling) {
  const Profile profile(shape);
  return symmetric_samples(size, oversampling,
                           [&](double u, double v) { return profile.pixel(u, v); });
}

Plane<double> gaussian_samples(double fwhm_px, int size, int oversampling) {
  // sqrt(8 ln 2) sigma = FWHM; the integral over a pixel is a difference of error functions.
  const double scale = std::sqrt(4.0 * std::numbers::ln2) / fwhm_px;
  const auto share = [&](double u) {
    return 0.5 * (std::erf((u + 0.5) * scale) - std::erf((u - 0.5) * scale));
  };
  return symmetric_samples(size, oversampling,
                           [&](double u, double v) { return share(u) * share(v); });
}

}  // namespace polis
