#pragma once

#include <string>

#include "sky/table.h"

namespace polis {

/// The tables as a VOTable 1.4 document (IVOA REC-VOTable-1.4), TABLEDATA serialisation: one TABLE
/// element each, facts as PARAM elements. Numbers are written so that they read back to the same
/// value; NaN as an empty cell for floats.
std::string write_votable(const TableSet& set);

}  // namespace polis
