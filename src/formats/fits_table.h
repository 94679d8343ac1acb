#pragma once

#include "base/digest.h"
#include "formats/fits_header.h"
#include "sky/table.h"

namespace polis {

/// The tables as FITS binary tables (FITS Standard 4.0, section 7.3), one extension each: TTYPE,
/// TFORM, TUNIT, TUCD, with facts as HIERARCH-free long-string cards (FACTn = 'name=value'). Text
/// columns are padded with NUL to the longest value.
Bytes write_fits_tables(const TableSet& set);

/// Same, as FITS_LDAC, which SCAMP, PSFEx and LePHARE read: each table becomes LDAC_OBJECTS after
/// an LDAC_IMHEAD whose one cell is `image_header` (80-character cards).
Bytes write_fits_ldac(const Table& sources, const FitsHeader& image_header);

}  // namespace polis
