#pragma once

#include <optional>
#include <string>

#include "sky/catalog_stars.h"
#include "sky/exposure.h"
#include "sky/solve_field.h"
#include "sky/table.h"

namespace polis {

struct AstrometryOptions {
  double pointing_error_arcmin = 60.0;
  double scale_tolerance = 0.05;
  int most_sip_order = 4;
  double error_floor_px = 0.01;
  double clip_sigma = 4.0;
};

/// Solves a catalog against reference stars: first from the header's own WCS where there is one,
/// then from the telescope's pointing, then without pointing.
FieldSolution solve_catalog(const TableSet& catalog, const Exposure& exposure,
                            std::span<const ReferenceStar> reference,
                            const AstrometryOptions& options);

/// Solves a catalog against the catalog of another frame, whose positions `anchor_wcs` maps to the
/// sky.
FieldSolution solve_against_anchor(const TableSet& catalog, const Exposure& exposure,
                                   const TableSet& anchor, const Wcs& anchor_wcs,
                                   const AstrometryOptions& options);

/// The WCS that a frame without any is given so that others can be registered to it: north up, east
/// to the left, about the telescope's pointing, or about (180, 0) when that is unknown; the scale
/// is 1 arcsec/px when unknown.
Wcs pseudo_wcs(const Exposure& exposure);

/// Adds columns ra, dec, ra_err, dec_err and the facts of the solution (docs/formats/catalog.md).
/// Without a solution the columns are NaN, there is no WCS, and `caveat_astrometry` gives the
/// reason. `frame`: what the positions mean, "icrs", "anchor" or "header".
void write_astrometry(TableSet& catalog, const FieldSolution& solution, std::string_view frame);

}  // namespace polis
