#pragma once

#include <optional>
#include <string>

#include "sky/table.h"

namespace polis {

/// The first table with positions as a ds9 region file: ICRS circles where it has ra and dec [deg],
/// else image circles at x + 1, y + 1 (ds9 counts from 1); ellipses where it has a, b, theta.
/// Colours: green, red where `flags` is not 0. None if no table has positions.
std::optional<std::string> write_regions(const TableSet& set);

}  // namespace polis
