#pragma once

#include "formats/json_text.h"
#include "sky/wcs.h"

namespace polis {

/// null for a WCS that is not valid.
Json wcs_to_json(const Wcs& wcs);
/// Errors: bad_input.
Wcs wcs_from_json(const Json& value);

}  // namespace polis
