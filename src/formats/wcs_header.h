#pragma once

#include "formats/fits_header.h"
#include "sky/wcs.h"

namespace polis {

/// Writes CTYPEn, CRVALn, CRPIXn (1-based), CDi_j, and SIP's A_p_q, B_p_q, AP_p_q, BP_p_q. Nothing
/// if not valid.
void write_wcs(FitsHeader& header, const Wcs& wcs);

}  // namespace polis
