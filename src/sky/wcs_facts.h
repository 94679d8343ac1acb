#pragma once

#include "sky/frame.h"
#include "sky/wcs.h"

namespace polis {

/// Writes a WCS among the facts of a product, replacing one that was there: `wcs_reference` (ra dec
/// [deg]), `wcs_reference_pixel` (x y, 0-based [px]), `wcs_cd` (CD1_1 CD1_2 CD2_1 CD2_2 [deg/px]),
/// `wcs_sip_order`, and for order > 0 `wcs_sip_a`, `_b`, `_ap`, `_bp` (in order of sip_index).
/// Numbers are written so that reading gives the same bits. An invalid WCS leaves no `wcs_` facts.
void set_wcs(Facts& facts, const Wcs& wcs);
/// Inverse of set_wcs; an invalid Wcs where the facts hold none, or something that is not a WCS.
Wcs wcs_from(const Facts& facts);

}  // namespace polis
