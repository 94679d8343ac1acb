#pragma once

#include <string_view>

#include "sky/table.h"

namespace polis {

/// Reads a reference catalogue from comma-separated values with a header line, as archives hand
/// them out, into the TableSet of kind `reference_catalog` (docs/formats/reference_catalog.md).
///
/// Needed columns: ra, dec [deg]. Known ones, all optional: id (or source_id), ra_err, dec_err (or
/// Gaia's ra_error, dec_error) [mas], pmra, pmdec [mas/yr], epoch (or ref_epoch) [yr], mag_<filter>
/// and mag_<filter>_err [mag], and Gaia's phot_g_mean_mag, phot_bp_mean_mag, phot_rp_mean_mag as
/// mag_G, mag_BP, mag_RP. An empty field is NaN. Other columns are left out. Rows without a
/// position are dropped and counted in the facts. Errors: bad_input (no header, no ra or dec, no
/// usable row, a field that is no number; the line is named).
TableSet read_reference_csv(std::string_view text);

}  // namespace polis
