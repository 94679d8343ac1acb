#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sky/site.h"
#include "sky/wcs.h"

namespace polis {

/// One telescope of the simulated array: place, instrument, and how well both behave.
/// Every member can be changed by name (`SceneSite::each`), e.g. "sierra.seeing_arcsec" for one
/// site or "seeing_arcsec" for all.
struct SceneSite {
  std::string name;
  std::string dialect = "mosaic";  ///< of the headers: amateur, mosaic, survey (header.h)
  double latitude_deg = 0.0, longitude_deg = 0.0, altitude_m = 0.0;
  double clock_error_s = 0.0;  ///< header time = true time + this

  int width = 512, height = 512;  ///< of the light-sensitive area [px]
  int amplifiers = 2;             ///< 2, side by side along x, for dialect mosaic; else 1
  int overscan = 32;              ///< columns per amplifier
  double pixel_scale_arcsec = 1.0;
  double gain_e_per_adu = 1.0;  ///< of the first amplifier; the second differs by 4 %
  double read_noise_e = 5.0;    ///< of the first amplifier; the second differs by 10 %
  double bias_adu = 1000.0;
  double full_well_e = 90000.0;  ///< per pixel: what is above it bleeds along the column
  double nonlinearity = 2.0e-7;  ///< true = adu * (1 + nonlinearity * adu), adu above bias
  double dark_e_per_s = 0.05;    ///< at `temperature_c`
  double temperature_c = -20.0;
  double hot_fraction = 2.0e-4;  ///< of pixels
  int bad_columns = 2;
  double pixel_response = 0.008;  ///< rms of the pixel-to-pixel response
  double vignetting = 0.15;       ///< light lost in the corner
  int dust_grains = 6;
  double cosmic_rays_per_mpix_s = 0.25;

  std::string filters = "g,r";   ///< out of g, r, i
  double zero_point_mag = 23.0;  ///< in r: 1 electron/s above the atmosphere; g +0.25, i -0.35
  double colour_term = 0.03;     ///< instrumental minus standard magnitude, times (g - r)
  double exposure_s = 60.0;

  double seeing_arcsec = 1.5;     ///< median FWHM at the zenith
  double seeing_wander = 0.12;    ///< rms of its logarithm
  double cloud_mag = 0.0;         ///< 0: clear; else the loss under a typical cloud
  double extinction_scale = 1.0;  ///< times a clear dry night's extinction
  double sky_mag = 21.0;          ///< dark sky in r at the zenith [mag/arcsec2]; g +0.9, i -0.8

  std::string mount =
      "equatorial";           ///< equatorial, german (turns by 180 deg at the meridian), altaz
  double rotation_deg = 0.0;  ///< of the detector's +y axis, from north through east
  bool flipped = false;       ///< mirror image of the sky
  double pointing_error_arcmin =
      0.5;                     ///< where it points: rms per axis, drawn once per field and site
  double dither_arcsec = 8.0;  ///< rms per axis, per exposure
  double drift_arcsec_per_hour = 0.0;  ///< of the field across the detector
  double tracking_error_arcsec = 0.2;  ///< rms image motion along right ascension
  double tracking_jump = 0.0;          ///< share of exposures with a jump that doubles the images
  double defocus_px = 0.0;             ///< radius of the defocused ring
  double distortion = 1.5e-3;   ///< radial displacement at the corner / distance from the centre
  double moffat_beta = 3.0;     ///< multiple of 0.5, 1.5..6
  double psf_variation = 0.25;  ///< growth of the FWHM from centre to corner, radially elongated
  bool header_wcs = false;      ///< the header has a WCS (as wrong as its pointing)
  double header_pointing_offset_arcmin =
      0.0;  ///< where the header says it points: constant error of the mount

  Site site() const { return {name, latitude_deg, longitude_deg, altitude_m}; }
  std::vector<std::string> filter_list() const;
  /// Calls visit(name, reference to member) for all that can be set.
  template <class Visit>
  void each(Visit&& visit);
};

/// The whole night's description: what is in the sky, who looks, when. Plain text in, plain text
/// out, so that it can be an artifact; `make_night` derives everything else from it.
struct Scene {
  std::string preset = "tiny";
  std::uint64_t seed = 1;
  double first_noon_mjd =
      61119.5;  ///< a UTC noon: nights begin after it, at each site's own evening
  int nights = 1;
  int night_step_days = 1;  ///< from one night to the next
  std::vector<SkyPosition> fields;
  std::vector<SceneSite> sites;

  int bias_frames = 3, dark_frames = 3, flat_frames = 3;  ///< per site and night; flats per filter
  int science_frames = 6;                                 ///< per site, night, field and filter
  double flat_level_adu = 20000.0;
  double dark_exposure_s = 60.0;
  double max_airmass = 2.2;

  double star_density = 1.0;      ///< times the counts of Bahcall & Soneira
  double star_bright_mag = 10.5;  ///< in r
  double star_faint_mag = 22.5;
  double cluster_stars = 0.0;  ///< crowded fields: stars of a cluster at each field's centre
  double cluster_radius_arcmin = 4.0;  ///< Plummer radius
  double galaxy_density = 1.0;         ///< times the observed counts
  double galaxy_faint_mag = 22.0;
  int rr_lyrae = 1, eclipsing = 1, transits = 1, flares = 1;  ///< per field
  int supernovae = 1, asteroids = 2;                          ///< per field
  double variable_bright_mag = 14.0, variable_faint_mag = 17.0;
  double satellites_per_frame = 0.15, aeroplanes_per_frame = 0.03;
  double moonlight = 1.0;             ///< times the Moon's real contribution
  double reference_faint_mag = 19.5;  ///< of the known-object catalogue, in r
  double field_radius_deg = 0.1;      ///< around each field: where variables lie; sets by preset

  template <class Visit>
  void each(Visit&& visit);
  const SceneSite& site(std::string_view name) const;  ///< Errors: bad_config
  double noon_mjd(int night) const { return first_noon_mjd + night_step_days * night; }
};

/// The presets: "tiny" (three sites, some 60 frames of 0.2 Mpix), "demo" (three sites, frames of
/// 1 - 2 Mpix), "survey" (hundreds of 4096 x 4096), "crowded" (tiny with a globular cluster),
/// "transients" (tiny, a month later again, with supernovae that were not there the first time).
/// Errors: bad_config.
Scene scene_preset(std::string_view preset, std::uint64_t seed);

using SceneText = std::map<std::string, std::string>;
/// Sets members by name: "seed", "star_density", "seeing_arcsec" (all sites), "karoo.cloud_mag"
/// (one). Errors: bad_config, naming what is unknown or does not read as a number.
void override_scene(Scene& scene, const SceneText& changes);
/// Everything, as name -> text; numbers read back to the same bits.
SceneText scene_text(const Scene& scene);
Scene scene_from_text(const SceneText& text);  ///< Errors: bad_config

template <class Visit>
void SceneSite::each(Visit&& visit) {
  visit("dialect", dialect);
  visit("latitude_deg", latitude_deg);
  visit("longitude_deg", longitude_deg);
  visit("altitude_m", altitude_m);
  visit("clock_error_s", clock_error_s);
  visit("width", width);
  visit("height", height);
  visit("amplifiers", amplifiers);
  visit("overscan", overscan);
  visit("pixel_scale_arcsec", pixel_scale_arcsec);
  visit("gain_e_per_adu", gain_e_per_adu);
  visit("read_noise_e", read_noise_e);
  visit("bias_adu", bias_adu);
  visit("full_well_e", full_well_e);
  visit("nonlinearity", nonlinearity);
  visit("dark_e_per_s", dark_e_per_s);
  visit("temperature_c", temperature_c);
  visit("hot_fraction", hot_fraction);
  visit("bad_columns", bad_columns);
  visit("pixel_response", pixel_response);
  visit("vignetting", vignetting);
  visit("dust_grains", dust_grains);
  visit("cosmic_rays_per_mpix_s", cosmic_rays_per_mpix_s);
  visit("filters", filters);
  visit("zero_point_mag", zero_point_mag);
  visit("colour_term", colour_term);
  visit("exposure_s", exposure_s);
  visit("seeing_arcsec", seeing_arcsec);
  visit("seeing_wander", seeing_wander);
  visit("cloud_mag", cloud_mag);
  visit("extinction_scale", extinction_scale);
  visit("sky_mag", sky_mag);
  visit("mount", mount);
  visit("rotation_deg", rotation_deg);
  visit("flipped", flipped);
  visit("pointing_error_arcmin", pointing_error_arcmin);
  visit("dither_arcsec", dither_arcsec);
  visit("drift_arcsec_per_hour", drift_arcsec_per_hour);
  visit("tracking_error_arcsec", tracking_error_arcsec);
  visit("tracking_jump", tracking_jump);
  visit("defocus_px", defocus_px);
  visit("distortion", distortion);
  visit("moffat_beta", moffat_beta);
  visit("psf_variation", psf_variation);
  visit("header_wcs", header_wcs);
  visit("header_pointing_offset_arcmin", header_pointing_offset_arcmin);
}

template <class Visit>
void Scene::each(Visit&& visit) {
  visit("preset", preset);
  visit("seed", seed);
  visit("first_noon_mjd", first_noon_mjd);
  visit("nights", nights);
  visit("night_step_days", night_step_days);
  visit("bias_frames", bias_frames);
  visit("dark_frames", dark_frames);
  visit("flat_frames", flat_frames);
  visit("science_frames", science_frames);
  visit("flat_level_adu", flat_level_adu);
  visit("dark_exposure_s", dark_exposure_s);
  visit("max_airmass", max_airmass);
  visit("star_density", star_density);
  visit("star_bright_mag", star_bright_mag);
  visit("star_faint_mag", star_faint_mag);
  visit("cluster_stars", cluster_stars);
  visit("cluster_radius_arcmin", cluster_radius_arcmin);
  visit("galaxy_density", galaxy_density);
  visit("galaxy_faint_mag", galaxy_faint_mag);
  visit("rr_lyrae", rr_lyrae);
  visit("eclipsing", eclipsing);
  visit("transits", transits);
  visit("flares", flares);
  visit("supernovae", supernovae);
  visit("asteroids", asteroids);
  visit("variable_bright_mag", variable_bright_mag);
  visit("variable_faint_mag", variable_faint_mag);
  visit("satellites_per_frame", satellites_per_frame);
  visit("aeroplanes_per_frame", aeroplanes_per_frame);
  visit("moonlight", moonlight);
  visit("reference_faint_mag", reference_faint_mag);
  visit("field_radius_deg", field_radius_deg);
}

}  // namespace polis
