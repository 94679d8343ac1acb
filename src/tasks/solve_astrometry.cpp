#include "base/error.h"
#include "sky/astrometry.h"
#include "sky/time.h"
#include "sky/wcs_facts.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"pointing_error_arcmin", "60", "how far the header's pointing may be off [arcmin]"},
    {"scale_tolerance", "0.05", "share by which the header's pixel scale may be off"},
    {"sip_order", "4",
     "highest order of distortion that is tried, 1 (none) to 5; the stars decide which is taken"},
    {"error_floor_px", "0.01", "added in quadrature to every position's error [px]"},
    {"clip_sigma", "4", "stars farther off than this many sigma are left out of the fit"},
};

AstrometryOptions options_from(const Parameters& parameters) {
  AstrometryOptions options;
  options.pointing_error_arcmin = parameters.number("pointing_error_arcmin");
  options.scale_tolerance = parameters.number("scale_tolerance");
  options.most_sip_order = parameters.integer("sip_order");
  options.error_floor_px = parameters.number("error_floor_px");
  options.clip_sigma = parameters.number("clip_sigma");
  return options;
}

/// A solution that was not fitted, but given.
FieldSolution given(const Wcs& wcs) {
  FieldSolution solution;
  solution.found = wcs.valid;
  solution.wcs = wcs;
  return solution;
}

/// The anchor's own WCS, or the one that it is given: from its exposure if the bundle has it, so
/// that all frames of the set get the same.
Wcs wcs_of_anchor(Reader& reader, const TableSet& anchor, const Exposure& exposure) {
  const Wcs own = wcs_from(anchor.facts);
  if (own.valid) return own;
  if (reader.bundle().has("anchor_exposure"))
    return pseudo_wcs(reader.open("anchor_exposure").as<Exposure>());
  Exposure unpointed = exposure;
  unpointed.tracking_ra_deg = unpointed.tracking_dec_deg = kUnknown;
  return pseudo_wcs(unpointed);
}

void solve_by_anchor(Reader& reader, const Exposure& exposure, const AstrometryOptions& options,
                     TableSet& catalog) {
  const Artifact artifact = reader.open("anchor");
  const auto& anchor = artifact.as<TableSet>();
  const Wcs wcs = wcs_of_anchor(reader, anchor, exposure);
  const bool is_anchor = reader.bundle().one("anchor") == reader.bundle().one("catalog");
  const FieldSolution solution =
      is_anchor ? given(wcs) : solve_against_anchor(catalog, exposure, anchor, wcs, options);
  write_astrometry(catalog, solution, "anchor");
  if (solution.found)
    catalog.facts["caveat_astrometry"] =
        "positions relative to another frame (no reference catalogue)";
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const Artifact input = reader.open("catalog");
  TableSet catalog = input.as<TableSet>();
  const Artifact exposure_artifact = reader.open("exposure");
  const auto& exposure = exposure_artifact.as<Exposure>();
  const AstrometryOptions options = options_from(parameters);
  if (reader.bundle().has("reference")) {
    const Artifact reference = reader.open("reference");
    const auto stars = reference_stars(reference.as<TableSet>().at("stars"),
                                       julian_year(exposure.mjd_mid), exposure.physical_filter);
    write_astrometry(catalog, solve_catalog(catalog, exposure, stars, options), "icrs");
  } else if (reader.bundle().has("anchor")) {
    solve_by_anchor(reader, exposure, options, catalog);
  } else if (exposure.wcs.valid) {
    write_astrometry(catalog, given(exposure.wcs), "header");
    catalog.facts["caveat_astrometry"] =
        "the header's own WCS, not checked (no reference catalogue)";
  } else {
    FieldSolution none;
    none.reason = "no reference catalogue, no anchor, no WCS in the header";
    write_astrometry(catalog, none, "");
  }
  return {Artifact::of("catalog", std::move(catalog)), {}};
}

}  // namespace

Task solve_astrometry_task() {
  return {"solve_astrometry",
          2,
          "catalog",
          "finds the WCS of a catalog's frame: roles catalog, exposure and reference, or anchor "
          "(and anchor_exposure)",
          kParameters,
          run};
}

}  // namespace polis
