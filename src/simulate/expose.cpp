#include "simulate/expose.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <string>

#include "base/random.h"
#include "kernels/parallel.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t kBand = 64;  ///< rows that one item of work covers
constexpr double kFaintest =
    0.03;  ///< of an empty pixel's noise: where the wings of a star are cut
constexpr double kMissing = 5.0e-4;  ///< share of a star's light that may lie beyond the cut

/// A star's image, ready to draw.
struct StarImage {
  OpticalMoffat shape;
  double x, y, flux, radius;
};

/// A galaxy's image: its light, already seen through the atmosphere.
struct GalaxyImage {
  Plane<float> pixels;
  std::ptrdiff_t x0 = 0, y0 = 0;
  float flux = 0.0F;
};

/// A moving source is drawn as several images along its path, no farther apart than half a pixel.
std::vector<StarImage> star_images(const Exposed& e) {
  std::vector<StarImage> images;
  const PsfField& psf = e.observation.psf;
  for (const SceneSource& s : e.sources.sources) {
    if (s.kind == SourceKind::galaxy || !(s.flux_e > 0.0)) continue;
    const OpticalMoffat shape = psf.at(s.x, s.y);
    const double missing = s.flux_e > 10.0 * e.noise_e ? kMissing : 10.0 * kMissing;
    const double radius = star_radius_px(shape, s.flux_e, kFaintest * e.noise_e, missing);
    const int steps = 1 + static_cast<int>(std::ceil(2.0 * std::hypot(s.trail_x, s.trail_y)));
    for (int i = 0; i < steps; ++i) {
      const double part = (i + 0.5) / steps - 0.5;
      for (const PsfField::Image& image : psf.images) {
        images.push_back({shape, s.x + part * s.trail_x + image.dx,
                          s.y + part * s.trail_y + image.dy, s.flux_e * image.weight / steps,
                          radius});
      }
    }
  }
  return images;
}

void convolve(const Plane<float>& image, const Plane<float>& kernel, Plane<float>& out) {
  for (std::ptrdiff_t y = 0; y < image.height(); ++y) {
    const float* in = image.view().row(y);
    for (std::ptrdiff_t ky = 0; ky < kernel.height(); ++ky) {
      float* row = out.view().row(y + ky);
      for (std::ptrdiff_t kx = 0; kx < kernel.width(); ++kx) {
        const float weight = kernel(kx, ky);
        float* to = row + kx;
        for (std::ptrdiff_t x = 0; x < image.width(); ++x) to[x] += weight * in[x];
      }
    }
  }
}

GalaxyImage galaxy_image(const Exposed& e, const SceneSource& s, const SceneSite& site) {
  const Galaxy& galaxy = e.sources.galaxies[static_cast<std::size_t>(s.galaxy)];
  const double scale = site.pixel_scale_arcsec;
  const OpticalMoffat shape = e.observation.psf.at(s.x, s.y);
  // Faint galaxies need no far wings: their light there drowns in the noise.
  const bool faint = s.flux_e < 50.0 * e.noise_e;
  const double wings = faint ? 2.2 : 4.0;
  const double spread = std::sqrt(e.observation.psf.spread_px2());
  const int psf_half = static_cast<int>(std::ceil(wings * shape.core_radius_px() + 1.5 * spread));
  const int half = std::clamp(
      static_cast<int>(std::ceil((faint ? 2.5 : 4.5) * galaxy.disc_radius_arcsec / scale)), 3, 150);
  // From pixels to arcsec along and across the major axis: through the CD matrix (degrees east,
  // north).
  const auto& cd = e.observation.wcs.cd;
  const double angle = galaxy.position_angle_deg * std::numbers::pi / 180.0;
  const double sine = 3600.0 * std::sin(angle);
  const double cosine = 3600.0 * std::cos(angle);
  const std::array<double, 4> to_major{sine * cd[0] + cosine * cd[2], sine * cd[1] + cosine * cd[3],
                                       cosine * cd[0] - sine * cd[2],
                                       cosine * cd[1] - sine * cd[3]};
  const double x = std::nearbyint(s.x);
  const double y = std::nearbyint(s.y);
  const Plane<float> stamp = galaxy_stamp(galaxy, to_major, s.x - x, s.y - y, half);
  const int size = 2 * (half + psf_half) + 1;
  GalaxyImage image{Plane<float>(size, size), static_cast<std::ptrdiff_t>(x) - half - psf_half,
                    static_cast<std::ptrdiff_t>(y) - half - psf_half, static_cast<float>(s.flux_e)};
  convolve(stamp, psf_kernel(e.observation.psf, shape, psf_half), image.pixels);
  return image;
}

std::vector<GalaxyImage> galaxy_images(const Exposed& e, const SceneSite& site) {
  std::vector<const SceneSource*> wanted;
  for (const SceneSource& s : e.sources.sources) {
    if (s.kind == SourceKind::galaxy && s.flux_e > 0.5 * e.noise_e) wanted.push_back(&s);
  }
  std::vector<GalaxyImage> images(wanted.size());
  parallel_for(static_cast<std::ptrdiff_t>(wanted.size()), [&](std::ptrdiff_t i) {
    images[static_cast<std::size_t>(i)] =
        galaxy_image(e, *wanted[static_cast<std::size_t>(i)], site);
  });
  return images;
}

void add_galaxy(View<float> band, std::ptrdiff_t first_row, const GalaxyImage& galaxy) {
  const std::ptrdiff_t low = std::max(first_row, galaxy.y0);
  const std::ptrdiff_t high = std::min(first_row + band.height, galaxy.y0 + galaxy.pixels.height());
  const std::ptrdiff_t left = std::max<std::ptrdiff_t>(0, galaxy.x0);
  const std::ptrdiff_t right = std::min(band.width, galaxy.x0 + galaxy.pixels.width());
  for (std::ptrdiff_t y = low; y < high; ++y) {
    float* to = band.row(y - first_row);
    const float* from = galaxy.pixels.view().row(y - galaxy.y0) - galaxy.x0;
    for (std::ptrdiff_t x = left; x < right; ++x) to[x] += galaxy.flux * from[x];
  }
}

/// Everything that is drawn on a science exposure.
struct Drawing {
  std::vector<StarImage> stars;
  std::vector<GalaxyImage> galaxies;
};

void draw_sky(View<float> band, std::ptrdiff_t first_row, const Exposed& e, const Drawing& drawing,
              int height) {
  for (std::ptrdiff_t y = 0; y < band.height; ++y) {
    sky_row(e.observation, static_cast<int>(band.width), height, static_cast<int>(first_row + y),
            band.row(y));
  }
  for (const GalaxyImage& galaxy : drawing.galaxies) add_galaxy(band, first_row, galaxy);
  const auto low = static_cast<double>(first_row);
  const auto high = static_cast<double>(first_row + band.height);
  for (const StarImage& s : drawing.stars) {
    if (s.y + s.radius < low || s.y - s.radius > high) continue;
    draw_star(band, first_row, s.shape, s.x, s.y, s.flux, s.radius);
  }
  for (const SkyTrail& trail : e.trails) draw_trail(band, first_row, trail, 0.02 * e.noise_e);
}

/// Level of a dome flat: the lamp is not quite constant.
float lamp_level(const Night& night, const PlannedExposure& e, const SceneSite& site) {
  RandomStream random(night.scene.seed, "lamp/" + site.name, static_cast<std::uint64_t>(e.number));
  return static_cast<float>(night.scene.flat_level_adu * site.gain_e_per_adu *
                            random.uniform(0.9, 1.1));
}

void prepare_science(const Night& night, const PlannedExposure& e, Exposed& exposed) {
  const SceneSite& site = night.site_of(e);
  exposed.observation = observe(night, e);
  exposed.noise_e =
      std::sqrt(std::max(1.0, exposed.observation.sky_e_per_px + site.dark_e_per_s * e.exposure_s +
                                  site.read_noise_e * site.read_noise_e));
  exposed.sources = sources_of(night, e, exposed.observation);
  exposed.trails = make_trails(night, e, exposed.observation.psf, exposed.noise_e);
}

}  // namespace

void sky_row(const Observation& o, int width, int height, int y, float* out) {
  const auto level =
      static_cast<float>(o.sky_e_per_px * (1.0 + o.sky_gradient_y * ((y + 0.5) / height - 0.5)));
  const auto slope = static_cast<float>(o.sky_e_per_px * o.sky_gradient_x / width);
  const float middle = 0.5F * static_cast<float>(width - 1);
  for (int x = 0; x < width; ++x) out[x] = level + slope * (static_cast<float>(x) - middle);
}

Exposed expose(const Night& night, const PlannedExposure& e, const Detector& detector,
               bool flat_field) {
  const SceneSite& site = night.site_of(e);
  Exposed exposed;
  RandomStream thermometer(night.scene.seed, "temperature/" + site.name,
                           static_cast<std::uint64_t>(e.number));
  exposed.temperature_c = site.temperature_c + 0.15 * thermometer.normal();
  exposed.electrons = Plane<float>(site.width, site.height);
  Drawing drawing;
  const bool science = e.type == ImageType::science;
  if (science) {
    prepare_science(night, e, exposed);
    drawing = {star_images(exposed), galaxy_images(exposed, site)};
  }
  const float lamp = e.type == ImageType::flat ? lamp_level(night, e, site) : 0.0F;
  const RowNoise photons(night.scene.seed, "photons/" + site.name + "/" + std::to_string(e.number));
  parallel_bands(site.height, kBand, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    const View<float> band = exposed.electrons.view().cut(0, first, site.width, last - first);
    if (science) draw_sky(band, first, exposed, drawing, site.height);
    std::vector<float> row(static_cast<std::size_t>(site.width));
    for (std::ptrdiff_t y = first; y < last; ++y) {
      const std::span<float> pixels(exposed.electrons.view().row(y), row.size());
      if (e.type == ImageType::flat) std::fill(pixels.begin(), pixels.end(), lamp);
      if (flat_field && (science || e.type == ImageType::flat)) {
        detector.response_row(band_of(e.filter), e.night, static_cast<int>(y), row);
        for (std::size_t x = 0; x < row.size(); ++x) pixels[x] *= row[x];
      }
      if (e.exposure_s > 0.0) {
        detector.dark_row(static_cast<int>(y), exposed.temperature_c, row);
        const auto seconds = static_cast<float>(e.exposure_s);
        for (std::size_t x = 0; x < row.size(); ++x) pixels[x] += seconds * row[x];
        photons.poisson(static_cast<std::uint64_t>(y), pixels);
      }
    }
  });
  exposed.events = make_cosmic_rays(night.scene, site, e.number, e.exposure_s);
  for (const PixelEvent& hit : exposed.events) exposed.electrons(hit.x, hit.y) += hit.electrons;
  bleed_columns(exposed.electrons.view(), static_cast<float>(site.full_well_e), exposed.events);
  return exposed;
}

}  // namespace polis
