#include "simulate/artefacts.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <string>

#include "base/random.h"

namespace polis {
namespace {

constexpr double kPi = std::numbers::pi;

SkyTrail random_line(const SceneSite& site, RandomStream& random) {
  SkyTrail trail;
  trail.x = random.uniform(0.1, 0.9) * site.width;
  trail.y = random.uniform(0.1, 0.9) * site.height;
  const double angle = kPi * random.uniform();
  trail.dx = std::cos(angle);
  trail.dy = std::sin(angle);
  return trail;
}

SkyTrail satellite(const SceneSite& site, const PsfField& psf, double noise_e,
                   RandomStream& random) {
  SkyTrail trail = random_line(site, random);
  trail.kind = PixelKind::satellite;
  const OpticalMoffat shape = psf.at(psf.centre_x, psf.centre_y);
  trail.core_px =
      shape.core_radius_px() * random.uniform(1.0, 1.3);  // a low orbit is a little out of focus
  trail.beta = shape.beta - 0.5;
  trail.peak_e = noise_e * std::pow(10.0, random.uniform(0.2, 2.0));
  if (random.uniform() < 0.25) {  // enters or leaves the Earth's shadow
    trail.from = 0.0;
  }
  if (random.uniform() < 0.2) {  // tumbles
    trail.flash_px = random.uniform(0.1, 0.5) * site.width;
    trail.flash_depth = random.uniform(0.4, 0.95);
  }
  return trail;
}

/// Two wing lights and a blinking beacon, far out of focus.
void add_aeroplane(const SceneSite& site, double noise_e, RandomStream& random,
                   std::vector<SkyTrail>& trails) {
  SkyTrail trail = random_line(site, random);
  trail.kind = PixelKind::aeroplane;
  trail.core_px = random.uniform(3.0, 7.0);
  trail.beta = 4.0;
  trail.peak_e = noise_e * random.uniform(20.0, 200.0);
  const double span = random.uniform(12.0, 45.0);
  for (const double side : {-0.5, 0.5}) {
    SkyTrail wing = trail;
    wing.x += side * span * trail.dy;
    wing.y -= side * span * trail.dx;
    wing.peak_e *= 1.0 + 0.3 * side;
    trails.push_back(wing);
  }
  trail.peak_e *= 4.0;
  trail.flash_px = random.uniform(0.15, 0.4) * site.width;
  trail.flash_depth = 1.0;
  trails.push_back(trail);
}

/// Charge along a path through the silicon, by steps; low-energy electrons scatter as they go.
struct Track {
  double x, y, angle, length, e_per_px, scatter;
};

Track random_track(const SceneSite& site, RandomStream& random) {
  Track t{};
  t.x = random.uniform() * site.width - 0.5;
  t.y = random.uniform() * site.height - 0.5;
  t.angle = 2.0 * kPi * random.uniform();
  constexpr double kThickness_px = 2.5;
  constexpr double kElectronsPerPx =
      900.0;                      // minimum-ionising: some 75 e per micron, pixels of 12 microns
  if (random.uniform() < 0.15) {  // Compton electron: a short worm
    t.length = random.uniform(2.0, 14.0);
    t.scatter = 0.5;
    t.e_per_px = kElectronsPerPx * random.uniform(0.8, 2.5);
    return t;
  }
  // Muons: intensity goes with cos^2 of the zenith distance.
  const double cosine = std::cbrt(std::max(random.uniform(), 1.0e-4));
  const double tangent = std::sqrt(1.0 - cosine * cosine) / cosine;
  t.length = std::min(kThickness_px * tangent, 80.0);
  const double path = kThickness_px / cosine;
  const double deposit = kElectronsPerPx * path * (0.75 + 0.35 * random.exponential());
  t.e_per_px = deposit / std::max(t.length, 0.2);
  return t;
}

void deposit(const SceneSite& site, Track t, RandomStream& random,
             std::map<std::pair<int, int>, double>& pixels) {
  constexpr double kStep = 0.1;
  const int steps = std::max(2, static_cast<int>(std::lround(t.length / kStep)));
  const double charge = t.e_per_px * std::max(t.length, 0.2) / steps;
  for (int i = 0; i < steps; ++i) {
    t.x += t.length / steps * std::cos(t.angle);
    t.y += t.length / steps * std::sin(t.angle);
    t.angle += t.scatter * std::sqrt(kStep) * random.normal();
    // Diffusion: four parcels a third of a pixel around.
    for (int parcel = 0; parcel < 4; ++parcel) {
      const int px = static_cast<int>(std::lround(t.x + 0.28 * random.normal()));
      const int py = static_cast<int>(std::lround(t.y + 0.28 * random.normal()));
      if (px < 0 || py < 0 || px >= site.width || py >= site.height) continue;
      pixels[{py, px}] += 0.25 * charge;
    }
  }
}

}  // namespace

double SkyTrail::light(double px, double py) const {
  const double along = (px - x) * dx + (py - y) * dy;
  if (along < from || along > to) return 0.0;
  const double across = (px - x) * dy - (py - y) * dx;
  const double profile = std::pow(1.0 + across * across / (core_px * core_px), -beta);
  double bright = 1.0;
  if (flash_px > 0.0) {
    const double wave = 0.5 * (1.0 + std::cos(2.0 * kPi * along / flash_px));
    const double w4 = wave * wave * wave * wave;
    bright = 1.0 - flash_depth * (1.0 - w4 * w4);
  }
  return peak_e * profile * bright;
}

double SkyTrail::reach(double faintest) const {
  if (peak_e <= faintest) return 0.0;
  return core_px * std::sqrt(std::pow(peak_e / faintest, 1.0 / beta) - 1.0);
}

std::vector<SkyTrail> make_trails(const Night& night, const PlannedExposure& e, const PsfField& psf,
                                  double noise_e) {
  const SceneSite& site = night.site_of(e);
  RandomStream random(night.scene.seed, "trails/" + site.name,
                      static_cast<std::uint64_t>(e.number));
  std::vector<SkyTrail> trails;
  const std::uint64_t satellites = random.poisson(night.scene.satellites_per_frame);
  const std::uint64_t aeroplanes = random.poisson(night.scene.aeroplanes_per_frame);
  for (std::uint64_t i = 0; i < satellites; ++i)
    trails.push_back(satellite(site, psf, noise_e, random));
  for (std::uint64_t i = 0; i < aeroplanes; ++i) add_aeroplane(site, noise_e, random, trails);
  return trails;
}

void draw_trail(View<float> band, std::ptrdiff_t first_row, const SkyTrail& trail,
                double faintest) {
  const double reach = trail.reach(faintest);
  if (reach <= 0.0) return;
  for (std::ptrdiff_t row = 0; row < band.height; ++row) {
    const auto y = static_cast<double>(first_row + row);
    // |(x - tx) dy - (y - ty) dx| <= reach: an interval of x, or all of the row.
    double low = 0.0;
    auto high = static_cast<double>(band.width - 1);
    if (std::abs(trail.dy) > 1.0e-6) {
      const double centre = trail.x + (y - trail.y) * trail.dx / trail.dy;
      low = std::max(low, std::ceil(centre - reach / std::abs(trail.dy)));
      high = std::min(high, std::floor(centre + reach / std::abs(trail.dy)));
    } else if (std::abs(y - trail.y) > reach) {
      continue;
    }
    float* pixels = band.row(row);
    for (auto x = static_cast<std::ptrdiff_t>(low); x <= static_cast<std::ptrdiff_t>(high); ++x) {
      pixels[x] += static_cast<float>(trail.light(static_cast<double>(x), y));
    }
  }
}

std::vector<PixelEvent> make_cosmic_rays(const Scene& scene, const SceneSite& site, int number,
                                         double exposure_s) {
  constexpr double kReadout_s = 8.0;  // pixels wait on average half of it
  RandomStream random(scene.seed, "cosmic rays/" + site.name, static_cast<std::uint64_t>(number));
  const double mpix = 1.0e-6 * site.width * site.height;
  const std::uint64_t hits =
      random.poisson(site.cosmic_rays_per_mpix_s * mpix * (exposure_s + 0.5 * kReadout_s));
  std::vector<PixelEvent> events;
  for (std::uint64_t i = 0; i < hits; ++i) {
    std::map<std::pair<int, int>, double> pixels;
    const Track track = random_track(site, random);
    deposit(site, track, random, pixels);
    for (const auto& [place, electrons] : pixels) {
      events.push_back({place.second, place.first, PixelKind::cosmic_ray,
                        static_cast<float>(std::floor(electrons))});
    }
  }
  return events;
}

}  // namespace polis
