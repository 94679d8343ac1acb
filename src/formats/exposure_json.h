#pragma once

#include "formats/json_text.h"
#include "sky/exposure.h"

namespace polis {

/// Every member of an Exposure, exactly (docs/formats/exposure.md). Unknown numbers are null.
Json exposure_to_json(const Exposure& exposure);
/// Errors: bad_input (missing or unknown member, wrong type, sections that are no sections).
Exposure exposure_from_json(const Json& value);

}  // namespace polis
