#include "simulate/galaxies.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "base/random.h"

namespace polis {
namespace {

constexpr double kBright = 14.0;

/// Galaxies per square degree brighter than r = `mag`.
double counts_brighter(double mag) {
  const double at18 = 100.0 / (0.6 * std::numbers::ln10);
  if (mag <= 18.0) return at18 * std::pow(10.0, 0.6 * (mag - 18.0));
  const double slope = 0.4 * std::numbers::ln10;
  return at18 + 100.0 / slope * (std::exp(slope * (mag - 18.0)) - 1.0);
}

double magnitude_at(double u, double faint) {
  const double wanted =
      counts_brighter(kBright) + u * (counts_brighter(faint) - counts_brighter(kBright));
  double low = kBright;
  double high = faint;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (low + high);
    (counts_brighter(middle) < wanted ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

Galaxy draw(RandomStream& random, double r) {
  Galaxy galaxy;
  const bool elliptical = random.uniform() < 0.3;
  const double g_r = (elliptical ? 0.85 : 0.55) + 0.12 * random.normal() + 0.05 * (r - 18.0);
  galaxy.mag = {r + g_r, r, r - 0.45 * g_r - 0.03 * random.normal()};
  const double size = 2.4 * std::pow(10.0, -0.12 * (r - 17.0)) * std::exp(0.35 * random.normal());
  galaxy.disc_radius_arcsec = std::clamp(size, 0.25, 30.0);
  galaxy.bulge_share = elliptical ? 0.75 + 0.25 * random.uniform() : 0.35 * random.uniform();
  galaxy.bulge_radius_arcsec = galaxy.disc_radius_arcsec * (elliptical ? 0.9 : 0.25);
  const double cosine = random.uniform();  // of the inclination
  galaxy.axis_ratio =
      elliptical ? 0.6 + 0.4 * cosine : std::hypot(cosine, 0.2) / std::hypot(1.0, 0.2);
  galaxy.position_angle_deg = 180.0 * random.uniform();
  galaxy.arm_strength = elliptical ? 0.0 : 0.3 + 0.6 * random.uniform();
  galaxy.arm_pitch = 0.2 + 0.25 * random.uniform();
  galaxy.arm_phase = 2.0 * std::numbers::pi * random.uniform();
  return galaxy;
}

/// Profiles at along, across [arcsec], in units that need no normalising: the stamp is scaled.
struct Profile {
  const Galaxy& g;
  double bulge_axis, bulge_scale, disc_scale;
  double bulge_norm, disc_norm;

  explicit Profile(const Galaxy& galaxy)
      : g(galaxy),
        bulge_axis(0.5 * (1.0 + galaxy.axis_ratio)),
        bulge_scale(1.0 / galaxy.bulge_radius_arcsec),
        disc_scale(1.678 / galaxy.disc_radius_arcsec) {
    // Integrals of exp(-7.669 r^(1/4)) = 8! pi / 7.669^8 r_e^2, and of exp(-r/h) = 2 pi h^2.
    constexpr double kDeVaucouleurs = 40320.0 * std::numbers::pi / 11965.4e3;
    bulge_norm = g.bulge_share * bulge_scale * bulge_scale / (kDeVaucouleurs * bulge_axis);
    disc_norm =
        (1.0 - g.bulge_share) * disc_scale * disc_scale / (2.0 * std::numbers::pi * g.axis_ratio);
  }

  double at(double along, double across) const {
    const double rb = std::hypot(along, across / bulge_axis) * bulge_scale;
    const double flat = across / g.axis_ratio;
    const double r = std::hypot(along, flat) * disc_scale;
    double disc = r < 30.0 ? disc_norm * std::exp(-r) : 0.0;
    if (g.arm_strength > 0.0 && r > 0.3 && disc > 0.0) {
      const double angle =
          2.0 * (std::atan2(flat, along) - std::log(r) / g.arm_pitch) + g.arm_phase;
      disc *= 1.0 + g.arm_strength * std::min(1.0, r - 0.3) * std::cos(angle);
    }
    const double bulge = rb < 20.0 ? bulge_norm * std::exp(-7.669 * std::sqrt(std::sqrt(rb))) : 0.0;
    return bulge + disc;
  }
};

}  // namespace

std::vector<Galaxy> galaxies_in(const Scene& scene, const SkyCap& cap) {
  std::vector<Galaxy> galaxies;
  if (scene.galaxy_density <= 0.0 || scene.galaxy_faint_mag <= kBright) return galaxies;
  const double density =
      scene.galaxy_density * (counts_brighter(scene.galaxy_faint_mag) - counts_brighter(kBright));
  each_cell(cap, [&](const SkyCell& cell) {
    RandomStream random(scene.seed, "galaxies", cell.key);
    const std::uint64_t count = random.poisson(density * cell.area_deg2());
    for (std::uint64_t i = 0; i < count; ++i) {
      const double u = random.uniform();
      const SkyPosition position = cell.at(u, random.uniform());
      Galaxy galaxy = draw(random, magnitude_at(random.uniform(), scene.galaxy_faint_mag));
      galaxy.position = position;
      galaxy.id = static_cast<std::int64_t>(1'000'000'000'000'000U + cell.key * 1'000'000U + i + 1);
      if (cap.contains(position)) galaxies.push_back(galaxy);
    }
  });
  return galaxies;
}

Plane<float> galaxy_stamp(const Galaxy& galaxy, const std::array<double, 4>& to_major, double x,
                          double y, int half) {
  const int size = 2 * half + 1;
  Plane<float> stamp(size, size);
  const Profile profile(galaxy);
  double sum = 0.0;
  for (int py = 0; py < size; ++py) {
    for (int px = 0; px < size; ++px) {
      const double dx = px - half - x;
      const double dy = py - half - y;
      // The cusp of the bulge needs finer steps than the disc.
      const double r2 = dx * dx + dy * dy;
      const int fine = r2 < 1.5 ? 8 : r2 < 9.0 ? 4 : r2 < 64.0 ? 2 : 1;
      double value = 0.0;
      for (int sy = 0; sy < fine; ++sy) {
        for (int sx = 0; sx < fine; ++sx) {
          const double ux = dx + (sx + 0.5) / fine - 0.5;
          const double uy = dy + (sy + 0.5) / fine - 0.5;
          value +=
              profile.at(to_major[0] * ux + to_major[1] * uy, to_major[2] * ux + to_major[3] * uy);
        }
      }
      stamp(px, py) = static_cast<float>(value / (fine * fine));
      sum += stamp(px, py);
    }
  }
  const auto scale = static_cast<float>(sum > 0.0 ? 1.0 / sum : 0.0);
  for (float& value : std::span(stamp.data(), static_cast<std::size_t>(stamp.size())))
    value *= scale;
  return stamp;
}

}  // namespace polis
