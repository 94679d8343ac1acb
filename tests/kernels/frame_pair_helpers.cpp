#include "kernels/frame_pair_helpers.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "kernels/parallel.h"

namespace polis::frame_pair {
namespace {

constexpr double kFullWell = 60000.0;  // [e]
constexpr double kFresh = 25.0;        // [px] between new sources
constexpr double kBorder = 12.0;       // [px]

struct Shape {
  double alpha, beta, centre;
  double xx, xy, yy;  // r^2 = xx dx^2 + 2 xy dx dy + yy dy^2, in units of alpha^2
};

Shape shape_at(const Conditions& c, std::ptrdiff_t width, std::ptrdiff_t height, double x,
               double y) {
  const double u = 2.0 * x / static_cast<double>(width) - 1.0;
  const double v = 2.0 * y / static_cast<double>(height) - 1.0;
  const double r2 = 0.5 * (u * u + v * v);
  const double fwhm = c.fwhm_px * (1.0 + c.growth * r2 + 0.5 * c.tilt * u);
  Shape shape{};
  shape.beta = c.beta;
  shape.alpha = fwhm / (2.0 * std::sqrt(std::pow(2.0, 1.0 / c.beta) - 1.0));
  const double stretch = 1.0 + c.ellipticity * r2;
  const double angle = std::atan2(v, u);
  const double long_axis = 1.0 / (shape.alpha * shape.alpha * stretch);
  const double short_axis = stretch / (shape.alpha * shape.alpha);
  const double cosine = std::cos(angle);
  const double sine = std::sin(angle);
  shape.xx = long_axis * cosine * cosine + short_axis * sine * sine;
  shape.yy = long_axis * sine * sine + short_axis * cosine * cosine;
  shape.xy = (long_axis - short_axis) * cosine * sine;
  shape.centre = (c.beta - 1.0) / (std::numbers::pi * shape.alpha * shape.alpha);
  return shape;
}

double profile(const Shape& s, double dx, double dy) {
  return s.centre * std::pow(1.0 + s.xx * dx * dx + 2.0 * s.xy * dx * dy + s.yy * dy * dy, -s.beta);
}

/// Mean over the pixel: of 5 x 5 places near the middle, of one far out.
double in_pixel(const Shape& s, double dx, double dy) {
  if (std::max(std::abs(dx), std::abs(dy)) > 4.0) return profile(s, dx, dy);
  double sum = 0.0;
  for (int j = -2; j <= 2; ++j) {
    for (int i = -2; i <= 2; ++i) sum += profile(s, dx + 0.2 * i, dy + 0.2 * j);
  }
  return sum / 25.0;
}

double throughput_at(const Conditions& c, std::ptrdiff_t height, double y) {
  return c.throughput * (1.0 + c.throughput_tilt * (y / static_cast<double>(height) - 0.5));
}

void draw(const Conditions& c, const Source& star, Plane<float>& light) {
  const Shape s = shape_at(c, light.width(), light.height(), star.x, star.y);
  const double flux = star.flux * throughput_at(c, light.height(), star.y);
  // Out to where the profile falls below a twentieth of an electron.
  const double reach =
      s.alpha * std::sqrt(std::max(9.0, std::pow(flux * s.centre / 0.05, 1.0 / s.beta) - 1.0));
  const auto low = [](double v) {
    return static_cast<std::ptrdiff_t>(std::max(0.0, std::ceil(v)));
  };
  const auto high = [](double v, std::ptrdiff_t length) {
    return static_cast<std::ptrdiff_t>(std::min(static_cast<double>(length - 1), std::floor(v)));
  };
  for (std::ptrdiff_t y = low(star.y - reach); y <= high(star.y + reach, light.height()); ++y) {
    for (std::ptrdiff_t x = low(star.x - reach); x <= high(star.x + reach, light.width()); ++x) {
      light(x, y) += static_cast<float>(
          flux * in_pixel(s, static_cast<double>(x) - star.x, static_cast<double>(y) - star.y));
    }
  }
}

double sky_at(const Conditions& c, std::ptrdiff_t width, std::ptrdiff_t height, double x,
              double y) {
  const double u = 2.0 * x / static_cast<double>(width) - 1.0;
  const double v = 2.0 * y / static_cast<double>(height) - 1.0;
  return c.sky_e * (1.0 + 0.5 * c.sky_slope * u + 0.5 * c.sky_bowl * (u * u + v * v));
}

double true_variance(const Conditions& c, double electrons) {
  return (electrons + c.read_noise_e * c.read_noise_e) / c.exposures;
}

/// Sky, noise and defects on top of `light`.
Frame expose(const Conditions& c, Plane<float> light, std::uint64_t seed, const std::string& name) {
  const std::ptrdiff_t width = light.width();
  const std::ptrdiff_t height = light.height();
  Frame frame{std::move(light), Plane<float>(width, height), Plane<MaskPixel>(width, height)};
  parallel_for(height, [&](std::ptrdiff_t y) {
    RandomStream random(seed, "noise " + name, static_cast<std::uint64_t>(y));
    for (std::ptrdiff_t x = 0; x < width; ++x) {
      const double electrons =
          static_cast<double>(frame.pixels(x, y)) +
          sky_at(c, width, height, static_cast<double>(x), static_cast<double>(y));
      const double value = electrons + std::sqrt(true_variance(c, electrons)) * random.normal();
      const bool full = value > kFullWell;
      frame.pixels(x, y) = static_cast<float>(full ? kFullWell : value);
      frame.variance(x, y) = static_cast<float>(true_variance(c, std::max(value, 0.0)));
      if (full) frame.mask(x, y) = mask_bits::saturated;
    }
  });
  RandomStream random(seed, "defects " + name);
  const auto defects = static_cast<int>(c.defects_per_mpix * 1e-6 * static_cast<double>(width) *
                                        static_cast<double>(height));
  for (int i = 0; i < defects; ++i) {
    const auto x0 = static_cast<std::ptrdiff_t>(random.below(static_cast<std::uint64_t>(width)));
    const auto y0 = static_cast<std::ptrdiff_t>(random.below(static_cast<std::uint64_t>(height)));
    for (std::ptrdiff_t k = 0; k < 4; ++k) {
      if (!frame.pixels.view().contains(x0 + k, y0 + k / 2)) continue;
      frame.pixels(x0 + k, y0 + k / 2) += 5000.0F;
      frame.mask(x0 + k, y0 + k / 2) |= mask_bits::cosmic_ray;
    }
  }
  return frame;
}

/// |sum of PSF x wave|^2 at frequency (u, v) [cycles per pixel], for a symmetric PSF.
double power_at(const Conditions& c, std::ptrdiff_t width, std::ptrdiff_t height, double u,
                double v) {
  constexpr std::ptrdiff_t reach = 20;
  const double x = 0.5 * static_cast<double>(width);
  const double y = 0.5 * static_cast<double>(height);
  const Shape s = shape_at(c, width, height, x, y);
  double sum = 0.0;
  for (std::ptrdiff_t j = -reach; j <= reach; ++j) {
    for (std::ptrdiff_t i = -reach; i <= reach; ++i) {
      const auto dx = static_cast<double>(i);
      const auto dy = static_cast<double>(j);
      sum += in_pixel(s, dx, dy) * std::cos(2.0 * std::numbers::pi * (u * dx + v * dy));
    }
  }
  return sum * sum;
}

/// What is left of the signal-to-noise in the best difference (Zackay, Ofek & Gal-Yam 2016) when
/// the reference does not have the science frame's PSF, against one that does.
double best_part(const Scene& scene, std::ptrdiff_t width, std::ptrdiff_t height) {
  const double ratio = scene.science.throughput / scene.reference.throughput;
  const double v_science = true_variance(scene.science, scene.science.sky_e);
  const double v_reference = ratio * ratio * true_variance(scene.reference, scene.reference.sky_e);
  constexpr int steps = 16;
  double best = 0.0;
  double alike = 0.0;
  for (int j = -steps; j < steps; ++j) {
    for (int i = 0; i < steps; ++i) {
      const double u = (i + 0.5) / (2.0 * steps);
      const double v = (j + 0.5) / (2.0 * steps);
      const double p = power_at(scene.science, width, height, u, v);
      const double q = power_at(scene.reference, width, height, u, v);
      best += p / (v_science + v_reference * p / std::max(q, 1e-12));
      alike += p / (v_science + v_reference);
    }
  }
  return std::sqrt(best / alike);
}

/// Flux at which the best filter for the difference (in science electrons) reaches S/N 1.
double flux_of_unit_snr(const Scene& scene, const Plane<float>& science,
                        const Plane<float>& reference, double x, double y) {
  const std::ptrdiff_t width = science.width();
  const std::ptrdiff_t height = science.height();
  const Shape s = shape_at(scene.science, width, height, x, y);
  const double gain = throughput_at(scene.science, height, y);
  const double ratio = gain / throughput_at(scene.reference, height, y);
  double sum = 0.0;
  const auto x0 = static_cast<std::ptrdiff_t>(std::lround(x));
  const auto y0 = static_cast<std::ptrdiff_t>(std::lround(y));
  for (std::ptrdiff_t j = y0 - 10; j <= y0 + 10; ++j) {
    for (std::ptrdiff_t i = x0 - 10; i <= x0 + 10; ++i) {
      const auto dx = static_cast<double>(i);
      const auto dy = static_cast<double>(j);
      const double p = gain * in_pixel(s, dx - x, dy - y);
      const double a =
          static_cast<double>(science(i, j)) + sky_at(scene.science, width, height, dx, dy);
      const double b =
          static_cast<double>(reference(i, j)) + sky_at(scene.reference, width, height, dx, dy);
      sum += p * p /
             (true_variance(scene.science, a) + ratio * ratio * true_variance(scene.reference, b));
    }
  }
  return 1.0 / std::sqrt(sum);
}

void add_fresh(Scene& scene, Plane<float>& science, const Plane<float>& reference, int of_each,
               const std::vector<double>& ratios, std::uint64_t seed) {
  RandomStream random(seed, "fresh");
  const double part = best_part(scene, science.width(), science.height());
  const auto wanted = static_cast<std::size_t>(of_each) * ratios.size();
  for (int attempt = 0; scene.fresh.size() < wanted && attempt < 1000000; ++attempt) {
    Source source;
    source.x = random.uniform(kBorder, static_cast<double>(science.width()) - 1.0 - kBorder);
    source.y = random.uniform(kBorder, static_cast<double>(science.height()) - 1.0 - kBorder);
    const bool near = std::any_of(scene.fresh.begin(), scene.fresh.end(), [&](const Source& other) {
      return std::hypot(other.x - source.x, other.y - source.y) < kFresh;
    });
    if (near) continue;
    source.snr = ratios[scene.fresh.size() % ratios.size()];
    source.flux =
        source.snr / part * flux_of_unit_snr(scene, science, reference, source.x, source.y);
    scene.fresh.push_back(source);
  }
  for (const Source& source : scene.fresh) draw(scene.science, source, science);
}

}  // namespace

std::vector<Source> make_stars(std::ptrdiff_t width, std::ptrdiff_t height, int count,
                               double faintest, std::uint64_t seed) {
  RandomStream random(seed, "stars", static_cast<std::uint64_t>(count));
  std::vector<Source> stars;
  for (int i = 0; i < count; ++i) {
    Source star;
    star.x = random.uniform(-0.5, static_cast<double>(width) - 0.5);
    star.y = random.uniform(-0.5, static_cast<double>(height) - 0.5);
    star.flux = std::min(faintest * std::pow(random.uniform(), -1.0 / 0.75), 3e6);
    stars.push_back(star);
  }
  return stars;
}

double light_in_pixel(const Conditions& conditions, std::ptrdiff_t width, std::ptrdiff_t height,
                      const Source& star, std::ptrdiff_t x, std::ptrdiff_t y) {
  const Shape s = shape_at(conditions, width, height, star.x, star.y);
  return in_pixel(s, static_cast<double>(x) - star.x, static_cast<double>(y) - star.y);
}

Scene make_scene(const Conditions& science, const Conditions& reference, std::vector<Source> stars,
                 std::ptrdiff_t width, std::ptrdiff_t height, int fresh_of_each,
                 const std::vector<double>& ratios, std::uint64_t seed) {
  Scene scene;
  scene.science = science;
  scene.reference = reference;
  scene.stars = std::move(stars);
  Plane<float> science_light(width, height);
  Plane<float> reference_light(width, height);
  for (const Source& star : scene.stars) {
    draw(science, star, science_light);
    draw(reference, star, reference_light);
  }
  add_fresh(scene, science_light, reference_light, fresh_of_each, ratios, seed);
  scene.science_frame = expose(science, std::move(science_light), seed, "science");
  scene.reference_frame = expose(reference, std::move(reference_light), seed, "reference");
  return scene;
}

}  // namespace polis::frame_pair
