#include "sky/scene_helpers.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace polis::testing_sky {
namespace {

/// A camera at a random attitude with cubic distortion of `distortion_px` at the corners.
Wcs random_camera(RandomStream& stream, double distortion_px) {
  Wcs wcs;
  wcs.valid = true;
  wcs.reference = {stream.uniform(0.0, 360.0), std::asin(stream.uniform(-0.98, 0.98)) * 57.2957795};
  wcs.reference_pixel = {0.5 * (kWidth - 1), 0.5 * (kHeight - 1)};
  const double scale = 1.1 / 3600.0;
  const double turn = stream.uniform(0.0, 6.2831853);
  const double side = stream.uniform() < 0.5 ? -1.0 : 1.0;
  wcs.cd = {side * scale * std::cos(turn), -scale * std::sin(turn), side * scale * std::sin(turn),
            scale * std::cos(turn)};
  if (distortion_px == 0.0) return wcs;
  wcs.sip_order = 3;
  wcs.sip_a.assign(sip_size(3), 0.0);
  wcs.sip_b.assign(sip_size(3), 0.0);
  const double cubic = distortion_px / std::pow(std::hypot(0.5 * kWidth, 0.5 * kHeight), 3);
  wcs.sip_a[sip_index(3, 0)] = wcs.sip_a[sip_index(1, 2)] = cubic;
  wcs.sip_b[sip_index(0, 3)] = wcs.sip_b[sip_index(2, 1)] = cubic;
  wcs.sip_a[sip_index(2, 0)] = 0.2 * distortion_px / (1024.0 * 1024.0);
  return wcs;
}

}  // namespace

Scene make_scene(std::uint64_t seed, double distortion_px, double spurious, double missing,
                 double stars_per_frame) {
  RandomStream stream(seed, "scene");
  Scene scene;
  scene.wcs = random_camera(stream, distortion_px);
  const double reach = 0.9 / 57.2957795;  // [rad] a square of 1.8 degrees
  const double frame_area = kWidth * kHeight * std::pow(1.1 / 206264.8, 2);
  const auto total = static_cast<std::size_t>(stars_per_frame * 4.0 * reach * reach / frame_area);
  for (std::size_t i = 0; i < total; ++i) {
    const SkyPosition sky = unproject_tan(
        scene.wcs.reference, {stream.uniform(-reach, reach), stream.uniform(-reach, reach)});
    const double magnitude = 18.0 + std::log10(stream.uniform()) / 0.3;
    const double error_mas = 1.0;
    if (stream.uniform() >= missing) {
      ReferenceStar star{sky, 1e-3 * error_mas, magnitude};
      star.position.dec_deg += 1e-3 * error_mas / 3600.0 * stream.normal();
      scene.reference.push_back(star);
    }
    const PixelPosition p = scene.wcs.to_pixel(sky);
    if (!(p.x > 0.0 && p.y > 0.0 && p.x < kWidth - 1 && p.y < kHeight - 1)) continue;
    const double flux = std::pow(10.0, -0.4 * (magnitude - 25.0)) * (1.0 + 0.1 * stream.normal());
    const double error = std::hypot(0.005, 3.0 / std::sqrt(std::max(flux, 1.0)));
    scene.detected.push_back(
        {{p.x + error * stream.normal(), p.y + error * stream.normal()}, error, flux, true});
    scene.truth.push_back(sky);
  }
  const auto extra = static_cast<std::size_t>(spurious / (1.0 - spurious) *
                                              static_cast<double>(scene.detected.size()));
  for (std::size_t i = 0; i < extra; ++i) {
    const double flux = std::pow(10.0, -0.4 * (18.0 + std::log10(stream.uniform()) / 0.3 - 25.0));
    scene.detected.push_back(
        {{stream.uniform(0.0, kWidth), stream.uniform(0.0, kHeight)}, 0.1, flux, true});
  }
  scene.settings.width = kWidth;
  scene.settings.height = kHeight;
  scene.settings.pixel_scale_arcsec = 1.1 * stream.uniform(0.97, 1.03);
  const double off = 20.0 / 60.0 / 57.2957795;
  scene.settings.pointing =
      unproject_tan(scene.wcs.reference, {stream.uniform(-off, off), stream.uniform(-off, off)});
  return scene;
}

TableSet catalog_of(const Scene& scene) {
  std::vector<double> x, y, flux, flux_err;
  std::vector<float> err;
  std::vector<std::int32_t> flags;
  std::vector<std::int64_t> id;
  for (const DetectedStar& star : scene.detected) {
    id.push_back(static_cast<std::int64_t>(id.size() + 1));
    x.push_back(star.position.x);
    y.push_back(star.position.y);
    err.push_back(static_cast<float>(star.error_px));
    flux.push_back(star.flux);
    flux_err.push_back(std::sqrt(std::max(star.flux, 1.0) + 400.0));
    flags.push_back(0);
  }
  TableSet set;
  Table& table = set.tables.emplace_back("sources");
  table.add({"id", "", "", "", id}).add({"x", "pix", "", "", x}).add({"y", "pix", "", "", y});
  table.add({"x_err", "pix", "", "", err}).add({"y_err", "pix", "", "", err});
  table.add({"flux_psf", "electron", "", "", flux})
      .add({"flux_psf_err", "electron", "", "", flux_err});
  table.add({"flags", "", "", "", flags});
  set.facts["fwhm_px"] = "3";
  set.facts["sky_rms_e"] = "5";
  return set;
}

TableSet reference_of(const Scene& scene) {
  std::vector<double> ra, dec, error, magnitude;
  std::vector<std::int64_t> id;
  for (const ReferenceStar& star : scene.reference) {
    id.push_back(static_cast<std::int64_t>(1000 + id.size()));
    ra.push_back(star.position.ra_deg);
    dec.push_back(star.position.dec_deg);
    error.push_back(1e3 * star.error_arcsec);
    magnitude.push_back(star.magnitude);
  }
  TableSet set;
  Table& table = set.tables.emplace_back("stars");
  table.add({"id", "", "", "", id}).add({"ra", "deg", "", "", ra}).add({"dec", "deg", "", "", dec});
  table.add({"ra_err", "mas", "", "", error}).add({"dec_err", "mas", "", "", error});
  table.add({"mag_r", "mag", "", "", magnitude});
  return set;
}

Exposure exposure_of(const Scene& scene) {
  Exposure exposure;
  exposure.exposure_id = "test-1";
  exposure.site = "here";
  exposure.physical_filter = "r";
  exposure.width = kWidth;
  exposure.height = kHeight;
  exposure.pixel_scale_arcsec = scene.settings.pixel_scale_arcsec;
  exposure.tracking_ra_deg = scene.settings.pointing.ra_deg;
  exposure.tracking_dec_deg = scene.settings.pointing.dec_deg;
  exposure.exposure_time_s = 30.0;
  exposure.mjd_begin = exposure.mjd_mid = 59000.25;
  exposure.airmass = 1.2;
  return exposure;
}

}  // namespace polis::testing_sky
