#include "simulate/variables.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"

namespace polis {
namespace {

constexpr double kRadian = std::numbers::pi / 180.0;
constexpr double kNight = 0.27;  ///< from the scene's noon to the first dusk [day]
constexpr double kHours = 0.65;  ///< from there to the last dawn, sites around the Earth [day]

/// Phase in -0.5..0.5.
double phase_of(const Variable& v, double mjd) {
  return std::remainder((mjd - v.epoch_mjd) / v.period_day, 1.0);
}

/// Type ab: steep rise over 15 % of the period, slow decline after.
double rr_lyrae(const Variable& v, Band band, double mjd) {
  double phase = phase_of(v, mjd);
  if (phase < 0.0) phase += 1.0;
  constexpr double kRise = 0.15;
  const double shape = phase < 1.0 - kRise
                           ? 1.0 - std::exp(-3.0 * phase / (1.0 - kRise))
                           : (1.0 - std::exp(-3.0)) * 0.5 *
                                 (1.0 + std::cos(std::numbers::pi * (phase - 1.0 + kRise) / kRise));
  constexpr double kScale[] = {1.3, 1.0, 0.8};
  return v.amplitude_mag * kScale[static_cast<int>(band)] * (shape / (1.0 - std::exp(-3.0)) - 0.5);
}

/// 0 outside, 1 in the flat bottom; the limbs take half the duration.
double trapezoid(double phase, double width) {
  const double x = std::abs(phase) / (0.5 * width);
  return std::clamp(2.0 * (1.0 - x), 0.0, 1.0);
}

double eclipses(const Variable& v, double mjd) {
  const double phase = phase_of(v, mjd);
  const double other = std::remainder(phase + 0.5, 1.0);
  return v.amplitude_mag * trapezoid(phase, v.width) + v.depth2_mag * trapezoid(other, v.width);
}

/// Share of the planet's disc (radius k) in front of the star's (radius 1) at distance z.
double overlap(double z, double k) {
  if (z >= 1.0 + k) return 0.0;
  if (z <= 1.0 - k) return 1.0;
  const double a = std::acos(std::clamp((z * z + k * k - 1.0) / (2.0 * z * k), -1.0, 1.0));
  const double b = std::acos(std::clamp((z * z + 1.0 - k * k) / (2.0 * z), -1.0, 1.0));
  const double kite =
      0.5 * std::sqrt(std::max(0.0, (1.0 + k - z) * (z + k - 1.0) * (z - k + 1.0) * (z + k + 1.0)));
  return (k * k * a + b - kite) / (std::numbers::pi * k * k);
}

double transit(const Variable& v, Band band, double mjd) {
  constexpr double kImpact = 0.3;
  constexpr double kLimb1[] = {0.50, 0.35, 0.27};
  constexpr double kLimb2[] = {0.25, 0.27, 0.28};
  const double k = v.radius_ratio;
  const double half_chord = std::sqrt((1.0 + k) * (1.0 + k) - kImpact * kImpact);
  const double along = std::abs(phase_of(v, mjd)) / (0.5 * v.width) * half_chord;
  const double z = std::hypot(along, kImpact);
  const double covered = overlap(z, k);
  if (covered <= 0.0) return 0.0;
  const double u1 = kLimb1[static_cast<int>(band)];
  const double u2 = kLimb2[static_cast<int>(band)];
  const double mu = std::sqrt(std::max(0.0, 1.0 - std::min(z, 1.0) * std::min(z, 1.0)));
  const double surface = 1.0 - u1 * (1.0 - mu) - u2 * (1.0 - mu) * (1.0 - mu);
  const double mean = 1.0 - u1 / 3.0 - u2 / 6.0;
  return -2.5 * std::log10(1.0 - k * k * covered * surface / mean);
}

double flare(const Variable& v, Band band, double mjd) {
  constexpr double kScale[] = {2.2, 1.0, 0.5};  // hot: strongest in the blue
  const double t = (mjd - v.epoch_mjd) / v.width;
  if (t < -1.0) return 0.0;
  const double shape =
      t < 0.0 ? 1.0 + t : 0.689 * std::exp(-1.6 * t) + 0.303 * std::exp(-0.2783 * t);
  const double peak = std::pow(10.0, 0.4 * v.amplitude_mag) - 1.0;
  return -2.5 * std::log10(1.0 + peak * kScale[static_cast<int>(band)] * shape);
}

double supernova(const Variable& v, Band band, double mjd) {
  constexpr double kRise = 15.0;
  constexpr double kDecline[] = {1.1, 0.7, 0.6};  // in 15 days
  const double day = mjd - v.epoch_mjd;
  if (day <= -kRise) return 50.0;
  if (day < 0.0) return -5.0 * std::log10(1.0 + day / kRise);  // flux grows with time squared
  // Gaussian top, then the radioactive tail: 0.026 mag a day in all bands.
  const double early = kDecline[static_cast<int>(band)] * day * day / 225.0;
  const double turn = 0.026 * 225.0 / (2.0 * kDecline[static_cast<int>(band)]);
  constexpr double kDrop = 1.6;
  const double reach = std::sqrt(kDrop * 225.0 / kDecline[static_cast<int>(band)]);
  const double from = std::max(turn, reach);
  return day < from ? early
                    : kDecline[static_cast<int>(band)] * from * from / 225.0 + 0.026 * (day - from);
}

SkyPosition near_field(const Scene& scene, std::size_t field, RandomStream& random) {
  const double radius = scene.field_radius_deg * 0.85 * std::sqrt(random.uniform());
  const double angle = 2.0 * std::numbers::pi * random.uniform();
  return unproject_tan(scene.fields[field],
                       {kRadian * radius * std::cos(angle), kRadian * radius * std::sin(angle)});
}

Variable base(const Scene& scene, VariableKind kind, std::size_t field, RandomStream& random) {
  Variable v;
  v.kind = kind;
  v.field = static_cast<int>(field);
  v.star.position = near_field(scene, field, random);
  const double r = random.uniform(scene.variable_bright_mag, scene.variable_faint_mag);
  v.star.mag = {r + 0.5, r, r - 0.15};
  return v;
}

void shape(const Scene& scene, Variable& v, RandomStream& random) {
  const double begin = scene.first_noon_mjd;
  switch (v.kind) {
    case VariableKind::rr_lyrae:
      v.period_day = random.uniform(0.42, 0.68);
      v.amplitude_mag = random.uniform(0.6, 1.0);
      v.epoch_mjd = begin + random.uniform();
      v.star.mag[0] = v.star.mag[1] + 0.25;
      break;
    case VariableKind::eclipsing:
      v.period_day = random.uniform(0.5, 1.2);
      v.width = random.uniform(0.12, 0.22);
      v.amplitude_mag = random.uniform(0.35, 0.8);
      v.depth2_mag = v.amplitude_mag * random.uniform(0.2, 0.9);
      v.epoch_mjd = begin + kNight + kHours * random.uniform();
      break;
    case VariableKind::transit: {
      v.period_day = random.uniform(1.5, 4.0);
      v.width = random.uniform(2.0, 3.2) / 24.0 / v.period_day;
      v.radius_ratio = random.uniform(0.09, 0.16);
      v.epoch_mjd = begin + kNight + kHours * random.uniform();
      const double r = scene.variable_bright_mag - random.uniform(0.0, 1.0);
      v.star.mag = {r + 0.5, r, r - 0.15};
      break;
    }
    case VariableKind::flare:
      v.amplitude_mag = random.uniform(0.8, 2.0);
      v.width = random.uniform(10.0, 40.0) / 1440.0;
      v.epoch_mjd = begin + kNight + kHours * random.uniform();
      v.star.mag[0] = v.star.mag[1] + 1.4;
      v.star.mag[2] = v.star.mag[1] - 1.1;
      break;
    case VariableKind::supernova:
      break;
  }
}

/// One of the nights after the first, from 0.
int night_of(const Scene& scene, RandomStream& random) {
  return static_cast<int>(random.below(static_cast<std::uint64_t>(scene.nights - 1)));
}

/// `number`: of the supernova in its field. Each has a galaxy of its own; where there are not
/// enough, in one too faint to be seen.
Variable make_supernova(const Scene& scene, std::size_t field, std::size_t number,
                        RandomStream& random, const std::vector<Galaxy>& hosts) {
  Variable v = base(scene, VariableKind::supernova, field, random);
  double peak = random.uniform(16.5, 19.0);
  if (number < hosts.size()) {
    RandomStream first(scene.seed, "supernova host", field);
    const Galaxy& host = hosts[(first.below(hosts.size()) + number) % hosts.size()];
    v.host = host.id;
    const double scale = kRadian * host.disc_radius_arcsec / 3600.0;
    v.star.position =
        unproject_tan(host.position, {scale * random.normal(), scale * random.normal()});
    peak = std::clamp(host.mag[1] + random.uniform(-1.5, 1.0), 16.0, 19.5);
  }
  v.star.mag = {peak + 0.05, peak, peak + 0.15};
  v.epoch_mjd = scene.first_noon_mjd + random.uniform(-10.0, 6.0);
  // Of several nights, the first sees the sky before: what is new later is new.
  if (scene.nights > 1)
    v.epoch_mjd += scene.noon_mjd(1 + night_of(scene, random)) - scene.first_noon_mjd;
  return v;
}

void add_of_kind(const Scene& scene, VariableKind kind, int count, std::vector<Variable>& out) {
  for (std::size_t field = 0; field < scene.fields.size(); ++field) {
    std::vector<Galaxy> hosts;
    if (kind == VariableKind::supernova && count > 0) {
      hosts = galaxies_in(scene, {scene.fields[field], 0.8 * scene.field_radius_deg});
      std::erase_if(hosts, [](const Galaxy& g) { return g.mag[1] > 21.0; });
    }
    for (int i = 0; i < count; ++i) {
      RandomStream random(scene.seed, name_of(kind),
                          field * 100000U + static_cast<std::uint64_t>(i));
      Variable v = kind == VariableKind::supernova
                       ? make_supernova(scene, field, static_cast<std::size_t>(i), random, hosts)
                       : base(scene, kind, field, random);
      shape(scene, v, random);
      v.star.id = static_cast<std::int64_t>(2'000'000'000'000'000U + out.size() + 1);
      out.push_back(v);
    }
  }
}

}  // namespace

std::string_view name_of(VariableKind kind) {
  constexpr std::string_view kNames[] = {"rr_lyrae", "eclipsing", "transit", "flare", "supernova"};
  return kNames[static_cast<int>(kind)];
}

double brightening(const Variable& v, Band band, double mjd) {
  switch (v.kind) {
    case VariableKind::rr_lyrae:
      return rr_lyrae(v, band, mjd);
    case VariableKind::eclipsing:
      return eclipses(v, mjd);
    case VariableKind::transit:
      return transit(v, band, mjd);
    case VariableKind::flare:
      return flare(v, band, mjd);
    case VariableKind::supernova:
      return supernova(v, band, mjd);
  }
  return 0.0;
}

std::vector<Variable> make_variables(const Scene& scene) {
  std::vector<Variable> variables;
  add_of_kind(scene, VariableKind::rr_lyrae, scene.rr_lyrae, variables);
  add_of_kind(scene, VariableKind::eclipsing, scene.eclipsing, variables);
  add_of_kind(scene, VariableKind::transit, scene.transits, variables);
  add_of_kind(scene, VariableKind::flare, scene.flares, variables);
  add_of_kind(scene, VariableKind::supernova, scene.supernovae, variables);
  return variables;
}

SkyPosition Asteroid::at(double mjd_utc) const {
  const double hours = 24.0 * (mjd_utc - mjd);
  return unproject_tan(position, {kRadian * ra_rate_arcsec_h * hours / 3600.0,
                                  kRadian * dec_rate_arcsec_h * hours / 3600.0});
}

double Asteroid::magnitude(Band band, double mjd_utc) const {
  const double phase = 4.0 * std::numbers::pi * (mjd_utc - mjd) / rotation_day;
  return mag[static_cast<std::size_t>(band)] + 0.5 * amplitude_mag * std::cos(phase);
}

std::vector<Asteroid> make_asteroids(const Scene& scene) {
  std::vector<Asteroid> asteroids;
  for (std::size_t field = 0; field < scene.fields.size(); ++field) {
    for (int i = 0; i < scene.asteroids; ++i) {
      RandomStream random(scene.seed, "asteroid", field * 100000U + static_cast<std::uint64_t>(i));
      Asteroid a;
      a.id = static_cast<std::int64_t>(3'000'000'000'000'000U + asteroids.size() + 1);
      a.field = static_cast<int>(field);
      a.position = near_field(scene, field, random);
      a.mjd = scene.first_noon_mjd + kNight + kHours * random.uniform();
      a.ra_rate_arcsec_h = -30.0 + 20.0 * random.normal();
      a.dec_rate_arcsec_h = 10.0 * random.normal();
      const double r =
          random.uniform(scene.variable_bright_mag + 1.5, scene.variable_faint_mag + 2.0);
      a.mag = {r + 0.55, r, r - 0.18};
      a.rotation_day = random.uniform(0.15, 0.6);
      a.amplitude_mag = random.uniform(0.05, 0.4);
      if (scene.nights > 1)
        a.mjd += scene.noon_mjd(1 + night_of(scene, random)) - scene.first_noon_mjd;
      asteroids.push_back(a);
    }
  }
  return asteroids;
}

}  // namespace polis
