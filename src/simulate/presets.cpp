#include "base/error.h"
#include "simulate/scene.h"

namespace polis {
namespace {

/// A 30 cm telescope with a cooled amateur camera on a German mount, run by enthusiasts.
SceneSite sierra() {
  SceneSite s;
  s.name = "sierra";
  s.dialect = "amateur";
  s.amplifiers = 1;
  s.latitude_deg = 28.76;
  s.longitude_deg = -17.88;
  s.altitude_m = 2390.0;
  s.clock_error_s = 0.4;
  s.pixel_scale_arcsec = 1.2;
  s.gain_e_per_adu = 1.4;
  s.read_noise_e = 7.5;
  s.full_well_e = 75000.0;
  s.zero_point_mag = 22.2;
  s.seeing_arcsec = 3.0;
  s.mount = "german";
  s.rotation_deg = 3.0;
  s.header_wcs = true;
  s.drift_arcsec_per_hour = 12.0;
  s.pointing_error_arcmin = 0.5;
  s.header_pointing_offset_arcmin = 6.0;
  return s;
}

/// A 1 m telescope with a two-amplifier CCD in a multi-extension file.
SceneSite karoo() {
  SceneSite s;
  s.name = "karoo";
  s.dialect = "mosaic";
  s.latitude_deg = -32.38;
  s.longitude_deg = 20.81;
  s.altitude_m = 1760.0;
  s.clock_error_s = -0.02;
  s.overscan = 24;
  s.pixel_scale_arcsec = 0.75;
  s.gain_e_per_adu = 2.1;
  s.read_noise_e = 4.2;
  s.full_well_e = 120000.0;
  s.bias_adu = 640.0;
  s.dark_e_per_s = 0.004;
  s.temperature_c = -95.0;
  s.zero_point_mag = 24.4;
  s.seeing_arcsec = 1.7;
  s.rotation_deg = -91.5;
  s.pointing_error_arcmin = 0.3;
  s.header_pointing_offset_arcmin = 0.5;
  s.exposure_s = 40.0;
  return s;
}

/// A robotic 50 cm on an alt-azimuth mount whose field turns and whose image is mirrored.
SceneSite mauna() {
  SceneSite s;
  s.name = "mauna";
  s.dialect = "survey";
  s.amplifiers = 1;
  s.latitude_deg = 19.82;
  s.longitude_deg = -155.47;
  s.altitude_m = 4160.0;
  s.clock_error_s = 3.2;
  s.overscan = 16;
  s.pixel_scale_arcsec = 1.0;
  s.gain_e_per_adu = 1.0;
  s.read_noise_e = 9.0;
  s.full_well_e = 62000.0;
  s.bias_adu = 1500.0;
  s.dark_e_per_s = 0.4;
  s.temperature_c = -10.0;
  s.hot_fraction = 6.0e-4;
  s.zero_point_mag = 23.0;
  s.seeing_arcsec = 2.6;
  s.mount = "altaz";
  s.rotation_deg = 20.0;
  s.flipped = true;
  s.pointing_error_arcmin = 0.6;
  s.header_pointing_offset_arcmin = 15.0;
  s.exposure_s = 50.0;
  return s;
}

void resize(Scene& scene, int sierra_px, int karoo_px, int mauna_px) {
  const int sizes[] = {sierra_px, karoo_px, mauna_px};
  for (std::size_t i = 0; i < scene.sites.size(); ++i) {
    scene.sites[i].width = scene.sites[i].height = sizes[i];
  }
}

}  // namespace

Scene scene_preset(std::string_view preset, std::uint64_t seed) {
  Scene scene;
  scene.preset = std::string(preset);
  scene.seed = seed;
  scene.sites = {sierra(), karoo(), mauna()};
  scene.fields = {{133.4, 8.6}};
  if (preset == "tiny" || preset == "crowded" || preset == "transients") {
    resize(scene, 512, 448, 480);
    scene.field_radius_deg = 0.045;
    if (preset == "crowded") {
      scene.cluster_stars = 6000.0;
      scene.cluster_radius_arcmin = 1.5;
    }
    if (preset == "transients") {
      scene.nights = 2;
      scene.night_step_days = 29;  // a month of the Moon
      scene.supernovae = 6;
      scene.asteroids = 3;
    }
  } else if (preset == "demo") {
    resize(scene, 1024, 1536, 1280);
    scene.fields.push_back({151.7, -3.2});
    scene.bias_frames = scene.dark_frames = scene.flat_frames = 7;
    scene.science_frames = 12;
    scene.field_radius_deg = 0.12;
    scene.rr_lyrae = scene.eclipsing = scene.transits = 2;
    scene.sites[1].cloud_mag = 0.4;
  } else if (preset == "survey") {
    resize(scene, 4096, 4096, 4096);
    scene.fields.push_back({151.7, -3.2});
    scene.fields.push_back({166.1, 4.9});
    scene.bias_frames = scene.dark_frames = scene.flat_frames = 10;
    scene.science_frames = 15;
    scene.field_radius_deg = 0.4;
    scene.rr_lyrae = scene.eclipsing = scene.transits = scene.flares = 8;
    scene.supernovae = 5;
    scene.asteroids = 20;
    for (SceneSite& site : scene.sites) site.cloud_mag = 0.3;
    scene.sites[2].filters = "g,r,i";
  } else {
    throw Error(ErrorKind::bad_config, "no preset " + std::string(preset), "nothing has that name",
                "use tiny, crowded, transients, demo or survey");
  }
  return scene;
}

}  // namespace polis
