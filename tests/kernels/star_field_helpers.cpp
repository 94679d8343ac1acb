#include "kernels/star_field_helpers.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace polis::star_field {
namespace {

struct Shape {
  double xx, xy, yy, beta, norm;
};

Shape shape_at(const Optics& optics, double x, double y, double width, double height) {
  const double u = 2.0 * x / width - 1.0;
  const double v = 2.0 * y / height - 1.0;
  const double fwhm = optics.fwhm_px * (1.0 + 0.5 * optics.growth * (u * u + v * v));
  const double alpha = 0.5 * fwhm / std::sqrt(std::exp2(1.0 / optics.beta) - 1.0);
  const double e1 = 0.5 * optics.ellipticity * (u * u - v * v);
  const double e2 = optics.ellipticity * u * v;
  const double scale = 1.0 / (alpha * alpha * std::sqrt(1.0 - e1 * e1 - e2 * e2));
  return {scale * (1.0 - e1), -scale * e2, scale * (1.0 + e1), optics.beta,
          (optics.beta - 1.0) / (std::numbers::pi * alpha * alpha)};
}

/// Mean over the pixel of an n x n grid of points.
double mean_over_pixel(const Shape& shape, double u, double v, int n) {
  double sum = 0.0;
  for (int b = 0; b < n; ++b)
    for (int a = 0; a < n; ++a) {
      const double s = u + (a + 0.5) / n - 0.5;
      const double t = v + (b + 0.5) / n - 0.5;
      sum +=
          std::pow(1.0 + shape.xx * s * s + 2.0 * shape.xy * s * t + shape.yy * t * t, -shape.beta);
    }
  return shape.norm * sum / (n * n);
}

double light(const Optics& optics, const Shape& shape, const Star& star, double x, double y) {
  const double u = x - star.x;
  const double v = y - star.y;
  const double r = std::hypot(u, v) / optics.fwhm_px;
  return mean_over_pixel(shape, u, v, r < 1.5 ? 8 : r < 3.0 ? 3 : 1);
}

}  // namespace

double light_in_pixel(const Optics& optics, const Star& star, std::ptrdiff_t width,
                      std::ptrdiff_t height, std::ptrdiff_t x, std::ptrdiff_t y) {
  const Shape shape =
      shape_at(optics, star.x, star.y, static_cast<double>(width), static_cast<double>(height));
  return light(optics, shape, star, static_cast<double>(x), static_cast<double>(y));
}

Plane<double> draw_light(const Optics& optics, const std::vector<Star>& stars, std::ptrdiff_t width,
                         std::ptrdiff_t height) {
  Plane<double> out(width, height);
  const auto reach = static_cast<std::ptrdiff_t>(std::ceil(10.0 * optics.fwhm_px));
  for (const Star& star : stars) {
    const Shape shape =
        shape_at(optics, star.x, star.y, static_cast<double>(width), static_cast<double>(height));
    const std::ptrdiff_t cx = std::lround(star.x), cy = std::lround(star.y);
    for (std::ptrdiff_t y = std::max<std::ptrdiff_t>(0, cy - reach);
         y < std::min(height, cy + reach + 1); ++y)
      for (std::ptrdiff_t x = std::max<std::ptrdiff_t>(0, cx - reach);
           x < std::min(width, cx + reach + 1); ++x)
        out(x, y) +=
            star.flux * light(optics, shape, star, static_cast<double>(x), static_cast<double>(y));
  }
  return out;
}

void renew_noise(Field& field, std::uint64_t seed) {
  const Optics& optics = field.optics;
  for (std::ptrdiff_t y = 0; y < field.truth.height(); ++y) {
    RandomStream random(seed, "noise", static_cast<std::uint64_t>(y));
    for (std::ptrdiff_t x = 0; x < field.truth.width(); ++x) {
      const double counts = static_cast<double>(random.poisson(field.truth(x, y) + optics.sky_e));
      const double value = counts + optics.read_noise_e * random.normal();
      field.image(x, y) = static_cast<float>(value - optics.sky_e);
      field.variance(x, y) =
          static_cast<float>(std::max(value, 0.0) + optics.read_noise_e * optics.read_noise_e);
    }
  }
}

Field make_field(const Optics& optics, std::vector<Star> stars, std::ptrdiff_t width,
                 std::ptrdiff_t height, std::uint64_t seed) {
  Field field;
  field.optics = optics;
  field.truth = draw_light(optics, stars, width, height);
  field.stars = std::move(stars);
  field.image = Plane<float>(width, height);
  field.variance = Plane<float>(width, height);
  field.mask = Plane<MaskPixel>(width, height);
  renew_noise(field, seed);
  return field;
}

std::vector<Star> grid_of_stars(std::ptrdiff_t width, std::ptrdiff_t height, double step,
                                double flux_low, double flux_high, std::uint64_t seed) {
  std::vector<Star> stars;
  RandomStream random(seed, "stars");
  for (double y = step / 2.0; y < static_cast<double>(height) - step / 3.0; y += step)
    for (double x = step / 2.0; x < static_cast<double>(width) - step / 3.0; x += step) {
      Star star;
      star.x = x + random.uniform(-1.0, 1.0);
      star.y = y + random.uniform(-1.0, 1.0);
      star.flux = flux_low * std::pow(flux_high / flux_low, random.uniform());
      stars.push_back(star);
    }
  return stars;
}

double flux_bound(const Optics& optics, const Star& star, std::ptrdiff_t width,
                  std::ptrdiff_t height) {
  // Fisher matrix of (flux, x, y) from numerical derivatives; symmetric 3 x 3, inverted by hand.
  std::array<double, 6> f{};
  const auto reach = static_cast<std::ptrdiff_t>(std::ceil(6.0 * optics.fwhm_px));
  const std::ptrdiff_t cx = std::lround(star.x), cy = std::lround(star.y);
  const Shape shape =
      shape_at(optics, star.x, star.y, static_cast<double>(width), static_cast<double>(height));
  for (std::ptrdiff_t y = cy - reach; y <= cy + reach; ++y)
    for (std::ptrdiff_t x = cx - reach; x <= cx + reach; ++x) {
      const auto px = static_cast<double>(x), py = static_cast<double>(y);
      constexpr double h = 0.01;
      const double value = light(optics, shape, star, px, py);
      const double dx =
          star.flux / (2.0 * h) *
          (light(optics, shape, star, px - h, py) - light(optics, shape, star, px + h, py));
      const double dy =
          star.flux / (2.0 * h) *
          (light(optics, shape, star, px, py - h) - light(optics, shape, star, px, py + h));
      const double w =
          1.0 / (star.flux * value + optics.sky_e + optics.read_noise_e * optics.read_noise_e);
      f[0] += w * value * value;
      f[1] += w * value * dx;
      f[2] += w * value * dy;
      f[3] += w * dx * dx;
      f[4] += w * dx * dy;
      f[5] += w * dy * dy;
    }
  const double minor = f[3] * f[5] - f[4] * f[4];
  const double det =
      f[0] * minor - f[1] * (f[1] * f[5] - f[4] * f[2]) + f[2] * (f[1] * f[4] - f[3] * f[2]);
  return std::sqrt(minor / det);
}

}  // namespace polis::star_field
