#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/random.h"
#include "simulate/observation.h"
#include "sky/time.h"

namespace polis {
namespace {

constexpr double kRadian = std::numbers::pi / 180.0;
constexpr double kMargin_px = 60.0;  ///< stars this far outside still shed light into the frame

SkyPosition offset_arcsec(SkyPosition from, double east, double north) {
  return unproject_tan(from, {kRadian * east / 3600.0, kRadian * north / 3600.0});
}

std::size_t band_index(const PlannedExposure& e) {
  return static_cast<std::size_t>(band_of(e.filter));
}

/// Zero point outside the atmosphere.
double instrument_zero_point(const SceneSite& site, Band band) {
  constexpr double kOffset[] = {0.25, 0.0, -0.35};
  return site.zero_point_mag + kOffset[static_cast<int>(band)];
}

double rotation_of(const SceneSite& site, SkyPosition target, double mjd) {
  if (site.mount == "altaz") {
    return site.rotation_deg + Observer(site.site(), mjd).parallactic_angle_deg(target);
  }
  if (site.mount == "german" && Observer(site.site(), mjd).hour_angle_deg(target) > 0.0) {
    return site.rotation_deg + 180.0;
  }
  return site.rotation_deg;
}

Wcs make_wcs(const SceneSite& site, SkyPosition centre, double rotation_deg) {
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = centre;
  wcs.reference_pixel = {0.5 * (site.width - 1), 0.5 * (site.height - 1)};
  const double scale = site.pixel_scale_arcsec / 3600.0;
  const double c = scale * std::cos(rotation_deg * kRadian);
  const double s = scale * std::sin(rotation_deg * kRadian);
  wcs.cd = {site.flipped ? c : -c, s, site.flipped ? -s : s, c};
  if (site.distortion != 0.0) {
    const double half = std::hypot(wcs.reference_pixel.x, wcs.reference_pixel.y);
    const double cubic = site.distortion / (half * half);
    const double square = 0.15 * site.distortion / half;  // the lens is a little off its axis
    wcs.sip_order = 3;
    wcs.sip_a.assign(sip_size(3), 0.0);
    wcs.sip_b.assign(sip_size(3), 0.0);
    wcs.sip_a[sip_index(3, 0)] = wcs.sip_a[sip_index(1, 2)] = cubic;
    wcs.sip_b[sip_index(0, 3)] = wcs.sip_b[sip_index(2, 1)] = cubic;
    wcs.sip_a[sip_index(2, 0)] = square;
    wcs.sip_b[sip_index(1, 1)] = square;
  }
  return wcs;
}

PsfField make_psf(const Night& night, const PlannedExposure& e, const Observation& o) {
  const SceneSite& site = night.site_of(e);
  PsfField psf;
  psf.beta = site.moffat_beta;
  psf.centre_x = 0.5 * (site.width - 1);
  psf.centre_y = 0.5 * (site.height - 1);
  psf.half_diagonal = std::hypot(psf.centre_x, psf.centre_y);
  psf.seeing_fwhm_px = o.conditions.seeing_arcsec / site.pixel_scale_arcsec;
  psf.corner_growth = site.psf_variation;
  RandomStream random(night.scene.seed, "tracking/" + site.name,
                      static_cast<std::uint64_t>(e.number));
  const double motion = 2.3548 * site.tracking_error_arcsec / site.pixel_scale_arcsec *
                        std::abs(1.0 + 0.4 * random.normal());
  // East on the detector: the direction in which the worm gear errs.
  const double det = o.wcs.cd[0] * o.wcs.cd[3] - o.wcs.cd[1] * o.wcs.cd[2];
  const double east_x = o.wcs.cd[3] / det;
  const double east_y = -o.wcs.cd[2] / det;
  psf.tracking.add_along(motion, east_x, east_y);
  if (site.mount == "altaz") {
    // An imperfect derotator leaves a hundredth of the field's rotation.
    const double day = e.exposure_s / 86400.0;
    const double turn = rotation_of(site, o.pointing, e.mjd_begin + day) -
                        rotation_of(site, o.pointing, e.mjd_begin);
    psf.rotation_rad = 0.01 * std::abs(std::remainder(turn, 360.0)) * kRadian;
  }
  if (site.defocus_px > 0.0) psf.images = ring_of_images(site.defocus_px);
  if (random.uniform() < site.tracking_jump) {
    const double length = random.uniform(2.0, 6.0) / std::hypot(east_x, east_y);
    const double share = random.uniform(0.2, 0.5);
    psf.images = {{-share * length * east_x, -share * length * east_y, 1.0 - share},
                  {(1.0 - share) * length * east_x, (1.0 - share) * length * east_y, share}};
  }
  return psf;
}

void set_pointing(const Night& night, const PlannedExposure& e, Observation& o) {
  const SceneSite& site = night.site_of(e);
  const SkyPosition field = night.scene.fields[static_cast<std::size_t>(e.field)];
  RandomStream mount(night.scene.seed, "pointing/" + site.name,
                     static_cast<std::uint64_t>(e.field));
  RandomStream dither(night.scene.seed, "dither/" + site.name,
                      static_cast<std::uint64_t>(e.number));
  const double error = 60.0 * site.pointing_error_arcmin;
  const double hours = 24.0 * (e.mjd_begin - night.scene.noon_mjd(e.night) - 0.5);
  const double drift = site.drift_arcsec_per_hour * hours;
  const double east =
      error * std::clamp(mount.normal(), -2.0, 2.0) + site.dither_arcsec * dither.normal() + drift;
  const double north = error * std::clamp(mount.normal(), -2.0, 2.0) +
                       site.dither_arcsec * dither.normal() + 0.25 * drift;
  o.pointing = offset_arcsec(field, east, north);
  const double direction = 2.0 * std::numbers::pi * mount.uniform();
  const double offset = 60.0 * site.header_pointing_offset_arcmin;
  o.header_pointing =
      offset_arcsec(field, offset * std::cos(direction), offset * std::sin(direction));
}

/// Electrons from a source of magnitude `mags` at (x, y).
double flux_at(const SceneSite& site, const PlannedExposure& e, const Observation& o,
               const Magnitudes& mags, double x, double y) {
  const double colour = mags[0] - mags[1];
  const double across = o.conditions.cloud_gradient_mag[0] * ((x + 0.5) / site.width - 0.5) +
                        o.conditions.cloud_gradient_mag[1] * ((y + 0.5) / site.height - 0.5);
  const double mag = mags[band_index(e)] + site.colour_term * (colour - 0.6) + across;
  return e.exposure_s * std::pow(10.0, 0.4 * (o.zero_point_mag - mag));
}

struct Collector {
  const Night& night;
  const PlannedExposure& e;
  const Observation& o;
  FrameSources out{};

  SceneSource* add(SourceKind kind, std::int64_t id, SkyPosition position, const Magnitudes& mags) {
    const SceneSite& site = night.site_of(e);
    const PixelPosition p = o.wcs.to_pixel(position);
    if (!(p.x > -kMargin_px && p.y > -kMargin_px && p.x < site.width + kMargin_px &&
          p.y < site.height + kMargin_px)) {
      return nullptr;
    }
    SceneSource source;
    source.kind = kind;
    source.id = id;
    source.position = position;
    source.x = p.x;
    source.y = p.y;
    source.mags = mags;
    source.mag = mags[band_index(e)];
    source.flux_e = flux_at(site, e, o, mags, p.x, p.y);
    return &out.sources.emplace_back(source);
  }
};

void add_variables(Collector& collect, double mjd) {
  for (const Variable& v : collect.night.variables) {
    Magnitudes mags = v.star.mag;
    for (std::size_t b = 0; b < mags.size(); ++b)
      mags[b] += brightening(v, static_cast<Band>(b), mjd);
    const bool star = v.kind != VariableKind::supernova;
    if (!star && mags[1] > 30.0) continue;
    collect.add(star ? SourceKind::variable : SourceKind::supernova, v.star.id, v.star.position,
                mags);
  }
}

void add_asteroids(Collector& collect, double mjd) {
  const double half = 0.5 * collect.e.exposure_s / 86400.0;
  for (const Asteroid& a : collect.night.asteroids) {
    Magnitudes mags{};
    for (std::size_t b = 0; b < mags.size(); ++b) mags[b] = a.magnitude(static_cast<Band>(b), mjd);
    SceneSource* source = collect.add(SourceKind::asteroid, a.id, a.at(mjd), mags);
    if (source == nullptr) continue;
    const PixelPosition before = collect.o.wcs.to_pixel(a.at(mjd - half));
    const PixelPosition after = collect.o.wcs.to_pixel(a.at(mjd + half));
    source->trail_x = after.x - before.x;
    source->trail_y = after.y - before.y;
  }
}

}  // namespace

Observation observe(const Night& night, const PlannedExposure& e) {
  if (e.type != ImageType::science || e.field < 0) {
    throw Error(ErrorKind::internal, "cannot observe " + e.name, "it is a calibration frame");
  }
  const SceneSite& site = night.site_of(e);
  const Band band = band_of(e.filter);
  Observation o;
  set_pointing(night, e, o);
  o.rotation_deg = rotation_of(site, o.pointing, e.mjd_mid());
  o.wcs = make_wcs(site, o.pointing, o.rotation_deg);
  if (site.header_wcs) {
    SceneSite believed = site;
    believed.distortion = 0.0;
    o.header_wcs = make_wcs(believed, o.header_pointing, o.rotation_deg + 0.7);
  }
  o.conditions = conditions_at(night.scene, site, band, o.pointing, e.mjd_mid());
  o.psf = make_psf(night, e, o);
  o.zero_point_mag =
      instrument_zero_point(site, band) - o.conditions.extinction_mag - o.conditions.cloud_mag;
  o.sky_e_per_px = e.exposure_s * site.pixel_scale_arcsec * site.pixel_scale_arcsec *
                   std::pow(10.0, 0.4 * (instrument_zero_point(site, band) - o.conditions.sky_mag));
  RandomStream random(night.scene.seed, "sky gradient/" + site.name,
                      static_cast<std::uint64_t>(e.number));
  const double strength =
      0.01 + 0.04 * (o.conditions.moon_altitude_deg > 0.0 ? o.conditions.moon_illumination : 0.0);
  o.sky_gradient_x = strength * random.normal();
  o.sky_gradient_y = strength * random.normal();
  return o;
}

FrameSources sources_of(const Night& night, const PlannedExposure& e, const Observation& o) {
  const SceneSite& site = night.site_of(e);
  Collector collect{night, e, o};
  const double half = std::hypot(0.5 * site.width + kMargin_px, 0.5 * site.height + kMargin_px);
  const SkyCap cap{o.pointing, 1.02 * half * site.pixel_scale_arcsec / 3600.0};
  const double year = julian_year(e.mjd_mid());
  for (const Star& star : stars_in(night.scene, cap)) {
    const SkyPosition now = at_epoch(star.position, {star.pmra, star.pmdec}, kCatalogueEpoch, year);
    collect.add(SourceKind::star, star.id, now, star.mag);
  }
  add_variables(collect, e.mjd_mid());
  add_asteroids(collect, e.mjd_mid());
  for (const Galaxy& galaxy : galaxies_in(night.scene, cap)) {
    SceneSource* source = collect.add(SourceKind::galaxy, galaxy.id, galaxy.position, galaxy.mag);
    if (source == nullptr) continue;
    source->galaxy = static_cast<std::ptrdiff_t>(collect.out.galaxies.size());
    collect.out.galaxies.push_back(galaxy);
  }
  std::stable_sort(collect.out.sources.begin(), collect.out.sources.end(),
                   [](const SceneSource& a, const SceneSource& b) { return a.flux_e > b.flux_e; });
  return std::move(collect.out);
}

}  // namespace polis
