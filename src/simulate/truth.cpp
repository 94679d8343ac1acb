#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "kernels/parallel.h"
#include "simulate/columns.h"
#include "simulate/expose.h"
#include "simulate/night.h"
#include "sky/time.h"
#include "sky/wcs_facts.h"

namespace polis {
namespace {

std::string number(double value) {
  char text[40];
  const auto result = std::to_chars(text, text + sizeof text, value);
  return {text, result.ptr};
}

std::vector<SceneSource> of_kind(const std::vector<SceneSource>& all, bool galaxies) {
  std::vector<SceneSource> some;
  std::copy_if(all.begin(), all.end(), std::back_inserter(some),
               [&](const SceneSource& s) { return (s.kind == SourceKind::galaxy) == galaxies; });
  return some;
}

Table source_table(const std::string& name, const std::vector<SceneSource>& rows,
                   const Exposed& e) {
  using S = SceneSource;
  Table t(name);
  t.add({"id", "", "meta.id", "", column_of(rows, [](const S& s) { return s.id; })});
  t.add({"kind", "", "", "0 star, 1 galaxy, 2 variable, 3 supernova, 4 asteroid",
         column_of(rows, [](const S& s) { return static_cast<std::int32_t>(s.kind); })});
  t.add({"x", "pix", "pos.cartesian.x", "", column_of(rows, [](const S& s) { return s.x; })});
  t.add({"y", "pix", "pos.cartesian.y", "", column_of(rows, [](const S& s) { return s.y; })});
  t.add({"ra", "deg", "pos.eq.ra", "at mid-exposure",
         column_of(rows, [](const S& s) { return s.position.ra_deg; })});
  t.add({"dec", "deg", "pos.eq.dec", "at mid-exposure",
         column_of(rows, [](const S& s) { return s.position.dec_deg; })});
  t.add({"flux_e", "electron", "phot.count", "before the flat",
         column_of(rows, [](const S& s) { return s.flux_e; })});
  t.add({"mag", "mag", "phot.mag", "in the filter",
         column_of(rows, [](const S& s) { return s.mag; })});
  t.add({"mag_g", "mag", "phot.mag", "", column_of(rows, [](const S& s) { return s.mags[0]; })});
  t.add({"mag_r", "mag", "phot.mag", "", column_of(rows, [](const S& s) { return s.mags[1]; })});
  t.add({"mag_i", "mag", "phot.mag", "", column_of(rows, [](const S& s) { return s.mags[2]; })});
  t.add({"fwhm_px", "pix", "", "of the PSF at this place",
         column_of(rows, [&](const S& s) { return e.observation.psf.at(s.x, s.y).fwhm_px(); })});
  return t;
}

Table galaxy_table(const std::vector<SceneSource>& rows, const Exposed& e) {
  Table t = source_table("galaxies", rows, e);
  using S = SceneSource;
  const auto of = [&](const S& s) -> const Galaxy& {
    return e.sources.galaxies[static_cast<std::size_t>(s.galaxy)];
  };
  t.add({"bulge_share", "", "", "of the light",
         column_of(rows, [&](const S& s) { return of(s).bulge_share; })});
  t.add({"disc_radius", "arcsec", "", "half-light",
         column_of(rows, [&](const S& s) { return of(s).disc_radius_arcsec; })});
  t.add({"bulge_radius", "arcsec", "", "half-light",
         column_of(rows, [&](const S& s) { return of(s).bulge_radius_arcsec; })});
  t.add({"axis_ratio", "", "", "", column_of(rows, [&](const S& s) { return of(s).axis_ratio; })});
  t.add({"position_angle", "deg", "", "north through east",
         column_of(rows, [&](const S& s) { return of(s).position_angle_deg; })});
  return t;
}

/// Pixels of trails, with the electrons that reached the detector there: those of at least a tenth
/// of the noise.
void add_trail_pixels(const Night& night, const PlannedExposure& planned, const Detector& detector,
                      const Exposed& e, std::vector<PixelEvent>& pixels) {
  const SceneSite& site = night.site_of(planned);
  std::vector<float> response(static_cast<std::size_t>(site.width));
  for (int y = 0; !e.trails.empty() && y < site.height; ++y) {
    detector.response_row(band_of(planned.filter), planned.night, y, response);
    for (const SkyTrail& trail : e.trails) {
      const double reach = trail.reach(0.1 * e.noise_e);
      for (int x = 0; x < site.width; ++x) {
        if (std::abs((x - trail.x) * trail.dy - (y - trail.y) * trail.dx) > reach) continue;
        const double light =
            trail.light(x, y) * static_cast<double>(response[static_cast<std::size_t>(x)]);
        if (light >= 0.1 * e.noise_e)
          pixels.push_back({x, y, trail.kind, static_cast<float>(light)});
      }
    }
  }
}

Table pixel_table(const std::vector<PixelEvent>& pixels) {
  using P = PixelEvent;
  Table t("pixels");
  t.add({"x", "pix", "pos.cartesian.x", "", column_of(pixels, [](const P& p) { return p.x; })});
  t.add({"y", "pix", "pos.cartesian.y", "", column_of(pixels, [](const P& p) { return p.y; })});
  t.add({"kind", "", "",
         "0 hot, 1 bad_column, 2 cosmic_ray, 3 satellite, 4 aeroplane, 5 saturated, 6 bleed",
         column_of(pixels, [](const P& p) { return static_cast<std::int32_t>(p.kind); })});
  t.add({"electrons", "electron", "", "added; negative: lost",
         column_of(pixels, [](const P& p) { return p.electrons; })});
  return t;
}

void add_observation_facts(const Exposed& e, const PlannedExposure& planned, Facts& facts) {
  const Observation& o = e.observation;
  const PsfField& psf = o.psf;
  facts["fwhm_px"] = number(psf.at(psf.centre_x, psf.centre_y).fwhm_px());
  facts["moffat_beta"] = number(psf.beta);
  facts["defocused_images"] = std::to_string(psf.images.size());
  facts["sky_level_e"] = number(o.sky_e_per_px);
  facts["noise_e"] = number(e.noise_e);
  // Truth counts electrons per second: what a pipeline that divides by the exposure time finds.
  facts["zero_point_mag"] = number(o.zero_point_mag);
  facts["extinction_mag"] = number(o.conditions.extinction_mag);
  facts["cloud_mag"] = number(o.conditions.cloud_mag);
  facts["airmass"] = number(o.conditions.airmass);
  facts["seeing_arcsec"] = number(o.conditions.seeing_arcsec);
  facts["sky_mag"] = number(o.conditions.sky_mag);
  facts["moon_altitude_deg"] = number(o.conditions.moon_altitude_deg);
  facts["rotation_deg"] = number(o.rotation_deg);
  facts["pointing_ra_deg"] = number(o.pointing.ra_deg);
  facts["pointing_dec_deg"] = number(o.pointing.dec_deg);
  facts["field"] = std::to_string(planned.field);
  facts["trails"] = std::to_string(e.trails.size());
  set_wcs(facts, o.wcs);
}

}  // namespace

TableSet truth_of(const Night& night, int index) {
  const PlannedExposure& planned = night.exposures.at(static_cast<std::size_t>(index));
  const SceneSite& site = night.site_of(planned);
  const Detector detector(night.scene, site);
  const Exposed e = expose(night, planned, detector);
  TableSet truth;
  truth.facts = {{"exposure_id", planned.name},
                 {"site", site.name},
                 {"image_type", std::string(name_of(planned.type))},
                 {"filter", planned.filter},
                 {"mjd_begin", number(planned.mjd_begin)},
                 {"mjd_mid", number(planned.mjd_mid())},
                 {"exposure_s", number(planned.exposure_s)},
                 {"clock_error_s", number(site.clock_error_s)},
                 {"temperature_c", number(e.temperature_c)},
                 {"colour_term", number(site.colour_term)}};
  if (planned.type == ImageType::science) {
    add_observation_facts(e, planned, truth.facts);
    truth.tables.push_back(source_table("stars", of_kind(e.sources.sources, false), e));
    truth.tables.push_back(galaxy_table(of_kind(e.sources.sources, true), e));
  }
  std::vector<PixelEvent> pixels = detector.defects(planned.exposure_s, e.temperature_c);
  pixels.insert(pixels.end(), e.events.begin(), e.events.end());
  if (planned.type == ImageType::science) add_trail_pixels(night, planned, detector, e, pixels);
  truth.tables.push_back(pixel_table(pixels));
  return truth;
}

}  // namespace polis
