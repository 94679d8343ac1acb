#include "kernels/forced_photometry.h"

#include <cmath>

#include "base/error.h"
#include "kernels/background.h"
#include "sky/coordinates.h"
#include "sky/psf_table.h"
#include "sky/wcs_facts.h"
#include "tasks/forced_tables.h"
#include "tasks/number_list.h"
#include "tasks/target_tables.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"aperture_radii_px", "2,2.5,3,3.5,4,4.5,5,6,8", "radii of the circles, ascending [px]"},
    {"annulus_inner_px", "10", "the sky is taken between this radius ... [px]"},
    {"annulus_outer_px", "16", "... and this one [px]"},
    {"psf", "true", "also fit the frame's PSF at the targets' places, all of them together"},
    {"margin_px", "2",
     "targets nearer to the edge than this beyond the largest circle are left out [px]"},
};

/// The targets that lie well inside the frame.
struct Places {
  std::vector<std::int64_t> id;
  std::vector<double> x, y;
};

Places places_on(const Frame& frame, const Wcs& wcs, const std::vector<Target>& targets,
                 double margin) {
  Places places;
  const auto width = static_cast<double>(frame.pixels.width()),
             height = static_cast<double>(frame.pixels.height());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const PixelPosition p = wcs.to_pixel(targets[i].position);
    if (!(p.x >= margin && p.y >= margin && p.x <= width - 1 - margin &&
          p.y <= height - 1 - margin))
      continue;
    places.id.push_back(static_cast<std::int64_t>(i) + 1);
    places.x.push_back(p.x);
    places.y.push_back(p.y);
  }
  return places;
}

/// What the light curve needs to know of the frame.
Facts facts_of(const Exposure& exposure, const Facts& catalog, const Wcs& wcs) {
  Facts facts{{"exposure_id", exposure.exposure_id},
              {"instrument", exposure.instrument},
              {"detector", exposure.detector},
              {"site", exposure.site},
              {"physical_filter", exposure.physical_filter}};
  const auto note = [&](const char* name, double value) {
    if (std::isfinite(value)) facts[name] = format_number(value);
  };
  note("mjd_mid", exposure.mjd_mid);
  note("exposure_time_s", exposure.exposure_time_s);
  double airmass = exposure.airmass;
  const bool pointed =
      std::isfinite(exposure.tracking_ra_deg) && std::isfinite(exposure.tracking_dec_deg);
  if (!std::isfinite(airmass) && wcs.valid && pointed) {
    const SkyPosition centre = wcs.to_sky({0.5 * exposure.width, 0.5 * exposure.height});
    airmass = Observer(site_of(exposure), exposure.mjd_mid).airmass(centre);
  }
  note("airmass", airmass);
  note("latitude_deg", exposure.latitude_deg);
  note("longitude_deg", exposure.longitude_deg);
  note("altitude_m", exposure.altitude_m);
  for (const char* name : {"fwhm_px", "zero_point_mag", "caveat_astrometry"}) {
    if (const auto found = catalog.find(name); found != catalog.end()) facts[name] = found->second;
  }
  facts["on_sky"] =
      pointed || exposure.wcs.valid || !catalog.contains("caveat_astrometry") ? "true" : "false";
  return facts;
}

/// PSF fluxes at the same places. Empty: not wanted, or the catalog has no PSF.
std::vector<ForcedFlux> psf_fluxes(const Frame& frame, const TableSet& catalog,
                                   const Places& places, bool wanted) {
  if (!wanted || !catalog.has("psf") || places.id.empty()) return {};
  Plane<float> pixels = frame.pixels;
  const Background background = estimate_background(pixels.view(), frame.mask.view());
  subtract_background(background, pixels.view());
  std::vector<ForcedTarget> targets;
  for (std::size_t i = 0; i < places.id.size(); ++i) targets.push_back({places.x[i], places.y[i]});
  return forced_photometry(pixels.view(), frame.variance.view(), frame.mask.view(),
                           psf_from(catalog.at("psf")), targets, {}, {});
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const Artifact catalog_artifact = reader.open("catalog");
  const Facts& catalog = catalog_artifact.as<TableSet>().facts;
  const Wcs wcs = wcs_from(catalog);
  if (!wcs.valid) {
    throw Error(ErrorKind::no_result, "cannot place the targets on the frame",
                "its catalog has no WCS");
  }
  const Artifact frame_artifact = reader.open("frame");
  const auto& frame = frame_artifact.as<Frame>();
  const Artifact targets_artifact = reader.open("targets");
  const std::vector<Target> targets = targets_from(targets_artifact.as<TableSet>().at("targets"));

  ApertureSeriesSettings settings;
  settings.radii_px =
      parse_numbers(parameters.text("aperture_radii_px"), "forced_photometry.aperture_radii_px");
  settings.annulus_inner_px = parameters.number("annulus_inner_px");
  settings.annulus_outer_px = parameters.number("annulus_outer_px");
  const Places places =
      places_on(frame, wcs, targets, settings.radii_px.back() + parameters.number("margin_px"));
  const auto series = aperture_series(frame.pixels.view(), frame.variance.view(), frame.mask.view(),
                                      places.x, places.y, settings);

  TableSet forced;
  forced.tables.push_back(
      forced_table(places.id, places.x, places.y, series, settings.radii_px.size()));
  const auto psf =
      psf_fluxes(frame, catalog_artifact.as<TableSet>(), places, parameters.flag("psf"));
  add_psf_columns(psf, forced.tables.front());
  forced.facts = facts_of(frame.exposure, catalog, wcs);
  forced.facts["aperture_radii_px"] = format_numbers(settings.radii_px);
  forced.facts["annulus_px"] =
      format_numbers({settings.annulus_inner_px, settings.annulus_outer_px});
  return {Artifact::of("forced", std::move(forced)), {}};
}

}  // namespace

Task forced_photometry_task() {
  return {
      "forced_photometry",
      1,
      "forced",
      "measures light at given places, found or not: roles frame, catalog (with its WCS), targets",
      kParameters,
      run};
}

}  // namespace polis
