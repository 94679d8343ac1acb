#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sky/wcs.h"

namespace polis {

/// Times are Modified Julian Dates [day]; the scale (UTC, TT, TDB) is in the name. UTC days that
/// hold a leap second are 86401 s long, as in ERFA's quasi-JD. All functions give NaN (or nothing)
/// for times that are not finite or outside the years 1000 to 3000.

/// "2017-12-20T05:04:00.000": UTC, milliseconds. Empty for a time that cannot be written.
std::string iso_from_mjd(double mjd_utc);
/// Reads YYYY-MM-DD[(T| )hh:mm[:ss[.fff]]][Z]. Nothing if the text is anything else, or no such
/// time exists.
std::optional<double> mjd_from_iso(std::string_view text);

double tt_from_utc(double mjd_utc);
double tdb_from_utc(double mjd_utc);
double julian_year(double mjd);  ///< 2000.0 at JD 2451545.0

/// What to add to a time at the geocentre for the time at the solar system's barycentre, for light
/// from `target`; the place on Earth changes it by at most 0.022 s. [s]
double barycentric_correction_s(double mjd_utc, SkyPosition target);
/// Barycentric Julian Date in TDB of an event seen at `mjd_utc`, e.g. 2458107.714007. [day]
double bjd_tdb(double mjd_utc, SkyPosition target);

}  // namespace polis
