#pragma once

#include <string>
#include <vector>

#include "formats/fits_header.h"
#include "sky/wcs.h"

namespace polis {

/// Writes CTYPEn, CRVALn, CRPIXn (1-based), CDi_j, and SIP's A_p_q, B_p_q, AP_p_q, BP_p_q. Nothing
/// if not valid.
void write_wcs(FitsHeader& header, const Wcs& wcs);

/// Reads the WCS of an image of width x height pixels: TAN and TAN-SIP directly, other projections
/// by fitting TAN-SIP to them. Not valid, with a caveat, if there is a WCS that cannot be used; not
/// valid if there is none.
Wcs read_wcs(const FitsHeader& header, int width, int height, std::vector<std::string>& caveats);

}  // namespace polis
