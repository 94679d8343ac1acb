#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sky/exposure.h"
#include "sky/solve_field.h"
#include "sky/table.h"

/// Reads the columns of catalogs (docs/formats/catalog.md, reference_catalog.md) as the stars that
/// the arithmetic of this floor works on. Columns that a catalog lacks take the defaults of the
/// formats' pages.
namespace polis {

/// A numeric column of any type as doubles; empty if there is none of that name.
std::vector<double> numbers_of(const Table& table, std::string_view column);
/// A fact as a number; NaN if it is absent or no number.
double number_of(const Facts& facts, std::string_view key);

/// Sources in row order. Saturated sources and those at the edge have no good position.
std::vector<DetectedStar> detected_stars(const Table& sources);

/// Table `stars` in row order, moved to `year` (Julian; NaN: not moved), with magnitudes of
/// `filter`, or of the first filter that the reference has.
std::vector<ReferenceStar> reference_stars(const Table& stars, double year,
                                           std::string_view filter);

/// "mag_r" for filter r if the reference has it; otherwise its first magnitude column, or nothing.
std::string magnitude_column(const Table& stars, std::string_view filter);

/// Sources of another catalog as a reference, through that catalog's WCS.
std::vector<ReferenceStar> stars_as_reference(const Table& sources, const Wcs& wcs);

}  // namespace polis
