#include "simulate/stars.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"

namespace polis {
namespace {

constexpr double kRadian = std::numbers::pi / 180.0;
constexpr double kStep = 0.05;  ///< of the magnitude table [mag]

/// Cumulative counts per square degree from the bright limit on, per step.
struct CountTable {
  double bright = 0.0;
  std::vector<double> cumulative;
  double total() const { return cumulative.back(); }
  double magnitude(double u) const {
    const double wanted = u * total();
    const auto after = std::upper_bound(cumulative.begin() + 1, cumulative.end() - 1, wanted);
    const double low = *(after - 1);
    const double part = *after > low ? (wanted - low) / (*after - low) : 0.5;
    return bright + kStep * (static_cast<double>(after - cumulative.begin() - 1) + part);
  }
};

CountTable count_table(const Scene& scene, SkyPosition where) {
  const auto [longitude, latitude] = galactic(where);
  CountTable table{scene.star_bright_mag, {0.0}};
  for (double m = scene.star_bright_mag; m < scene.star_faint_mag - 0.5 * kStep; m += kStep) {
    // r is V - 0.2 for a star of average colour.
    const double counts = star_counts(m + 0.5 * kStep + 0.2, longitude, latitude);
    table.cumulative.push_back(table.cumulative.back() + kStep * counts * scene.star_density);
  }
  return table;
}

/// Blue turn-off stars and red dwarfs along the stellar locus (Covey et al. 2007, AJ 134, 2398);
/// the red share grows towards faint magnitudes.
Magnitudes colours(RandomStream& random, double r) {
  const double red_share = std::clamp(0.12 + 0.075 * (r - 14.0), 0.08, 0.6);
  double g_r = 0.0;
  double r_i = 0.0;
  if (random.uniform() < red_share) {
    g_r = 1.38 + 0.09 * random.normal();
    r_i = 0.55 + 0.9 * random.uniform() * random.uniform() + 0.04 * random.normal();
  } else {
    g_r = std::max(0.1, 0.52 + 0.17 * random.normal() + 0.12 * random.exponential());
    r_i = 0.39 * g_r - 0.05 + 0.03 * random.normal();
  }
  return {r + g_r, r, r - r_i};
}

/// Nearby, bright and red stars move more; the bulk is a few mas/yr (Gaia-like).
void set_motion(RandomStream& random, Star& star) {
  const double scale = 22.0 * std::pow(10.0, -0.11 * (star.mag[1] - 12.0));
  const double tail = 1.0 + 3.0 * (random.uniform() < 0.03 ? 1.0 : 0.0);
  star.pmra = scale * tail * random.normal() - 2.0;
  star.pmdec = scale * tail * random.normal() - 5.0;
}

std::vector<Star> cell_stars(const Scene& scene, const SkyCell& cell, const CountTable& table) {
  RandomStream random(scene.seed, "stars", cell.key);
  const std::uint64_t count = random.poisson(table.total() * cell.area_deg2());
  std::vector<Star> stars(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    Star& star = stars[i];
    star.id = static_cast<std::int64_t>(cell.key * 1'000'000U + i + 1);
    const double u = random.uniform();
    star.position = cell.at(u, random.uniform());
    star.mag = colours(random, table.magnitude(random.uniform()));
    set_motion(random, star);
  }
  return stars;
}

/// Members of the cluster at field `field`: a Plummer sphere, and a luminosity function that rises
/// to the faint end like the giant branch and main sequence of a globular (slope 0.25 per mag).
void add_cluster(const Scene& scene, std::size_t field, const SkyCap& cap,
                 std::vector<Star>& stars) {
  RandomStream random(scene.seed, "cluster", field);
  const std::uint64_t count = random.poisson(scene.cluster_stars);
  const double bright = std::max(12.5, scene.star_bright_mag);
  const double low = std::pow(10.0, 0.25 * bright);
  const double high = std::pow(10.0, 0.25 * scene.star_faint_mag);
  for (std::uint64_t i = 0; i < count; ++i) {
    Star star;
    star.id = static_cast<std::int64_t>(4'000'000'000'000'000U + field * 10'000'000U + i + 1);
    const double share = random.uniform() * 0.98;
    const double radius_deg = scene.cluster_radius_arcmin / 60.0 * std::sqrt(share / (1.0 - share));
    const double angle = 2.0 * std::numbers::pi * random.uniform();
    star.position = unproject_tan(scene.fields[field], {kRadian * radius_deg * std::cos(angle),
                                                        kRadian * radius_deg * std::sin(angle)});
    const double r = std::log10(low + (high - low) * random.uniform()) / 0.25;
    const double g_r = std::clamp(1.1 - 0.13 * (r - 13.0), 0.35, 1.1) + 0.03 * random.normal();
    star.mag = {r + g_r, r, r - 0.39 * g_r + 0.05};
    star.pmra = 3.0 + 0.3 * random.normal();
    star.pmdec = -4.0 + 0.3 * random.normal();
    if (cap.contains(star.position)) stars.push_back(star);
  }
}

}  // namespace

Band band_of(std::string_view filter) {
  return filter == "g" ? Band::g : filter == "i" ? Band::i : Band::r;
}

std::array<double, 2> galactic(SkyPosition icrs) {
  // North galactic pole and the longitude of the celestial pole (Hipparcos catalogue, 1.5.3).
  constexpr double kPoleRa = 192.85948;
  constexpr double kPoleDec = 27.12825;
  constexpr double kNode = 122.93192;
  const double hour = (icrs.ra_deg - kPoleRa) * kRadian;
  const double sin_d = std::sin(icrs.dec_deg * kRadian);
  const double cos_d = std::cos(icrs.dec_deg * kRadian);
  const double sin_p = std::sin(kPoleDec * kRadian);
  const double cos_p = std::cos(kPoleDec * kRadian);
  const double b = std::asin(std::clamp(sin_d * sin_p + cos_d * cos_p * std::cos(hour), -1.0, 1.0));
  const double l =
      kNode -
      std::atan2(cos_d * std::sin(hour), sin_d * cos_p - cos_d * sin_p * std::cos(hour)) / kRadian;
  return {std::fmod(l + 720.0, 360.0), b / kRadian};
}

double star_counts(double mag, double longitude_deg, double latitude_deg) {
  const double m = mag;
  const double b = std::max(std::abs(latitude_deg), 10.0) * kRadian;
  const double l = longitude_deg * kRadian;
  const double between = std::clamp(m, 12.0, 20.0) - 12.0;
  const double mu = 0.03 + 0.0075 * between;
  const double gamma = 0.36 - 0.04 * between;
  const double disc_shape = std::sin(b) * (1.0 - mu / std::tan(b) * std::cos(l));
  const double disc = 200.0 * std::pow(10.0, 0.01 * (m - 15.0)) /
                      std::pow(1.0 + std::pow(10.0, -0.2 * (m - 15.0)), 2.0) /
                      std::pow(disc_shape, 3.0 - 5.0 * gamma);
  const double spheroid = 400.0 * std::pow(10.0, 0.065 * (m - 17.5)) /
                          std::pow(1.0 + std::pow(10.0, -0.26 * (m - 17.5)), 1.5) /
                          (1.0 - std::cos(b) * std::cos(l));
  return disc + spheroid;
}

bool SkyCap::contains(SkyPosition position) const {
  return separation_arcsec(centre, position) <= 3600.0 * radius_deg;
}

double SkyCell::area_deg2() const {
  return ra_width_deg / kRadian *
         (std::sin((dec_deg + dec_width_deg) * kRadian) - std::sin(dec_deg * kRadian));
}

SkyPosition SkyCell::at(double u, double v) const {
  const double low = std::sin(dec_deg * kRadian);
  const double high = std::sin((dec_deg + dec_width_deg) * kRadian);
  return {ra_deg + u * ra_width_deg, std::asin(low + v * (high - low)) / kRadian};
}

SkyPosition SkyCell::centre() const { return at(0.5, 0.5); }

void each_cell(const SkyCap& cap, const std::function<void(const SkyCell&)>& visit) {
  constexpr int kRings = 1800;
  constexpr double kHeight = 180.0 / kRings;
  const double dec = cap.centre.dec_deg;
  const int first =
      std::max(0, static_cast<int>(std::floor((dec - cap.radius_deg + 90.0) / kHeight)));
  const int last =
      std::min(kRings - 1, static_cast<int>(std::floor((dec + cap.radius_deg + 90.0) / kHeight)));
  for (int ring = first; ring <= last; ++ring) {
    const double low = -90.0 + kHeight * ring;
    const double widest = std::cos(std::min(std::abs(low), std::abs(low + kHeight)) * kRadian);
    const int columns = std::max(1, static_cast<int>(std::ceil(360.0 * widest / kHeight)));
    const double width = 360.0 / columns;
    for (int step = 0; step < columns; ++step) {
      const SkyCell cell{
          static_cast<std::uint64_t>(ring) * 4000U + static_cast<std::uint64_t>(step), width * step,
          low, width, kHeight};
      // Cheap test first: a ring has up to 3600 cells.
      const double off =
          std::abs(std::remainder(cell.ra_deg + 0.5 * width - cap.centre.ra_deg, 360.0));
      const double narrowest = std::cos(std::max(std::abs(low), std::abs(low + kHeight)) * kRadian);
      if (std::abs(dec) < 80.0 && off * narrowest > 2.0 * (cap.radius_deg + kHeight)) continue;
      if (SkyCap{cap.centre, cap.radius_deg + kHeight}.contains(cell.centre())) visit(cell);
    }
  }
}

std::vector<Star> stars_in(const Scene& scene, const SkyCap& cap) {
  std::vector<Star> stars;
  each_cell(cap, [&](const SkyCell& cell) {
    for (const Star& star : cell_stars(scene, cell, count_table(scene, cell.centre()))) {
      if (cap.contains(star.position)) stars.push_back(star);
    }
  });
  if (scene.cluster_stars > 0.0) {
    for (std::size_t field = 0; field < scene.fields.size(); ++field) {
      add_cluster(scene, field, cap, stars);
    }
  }
  return stars;
}

}  // namespace polis
