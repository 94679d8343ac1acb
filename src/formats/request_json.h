#pragma once

#include "formats/json_text.h"
#include "formats/manifest.h"

namespace polis {

Json input_to_json(const InputRef& input);
Json bundle_to_json(const Bundle& bundle);
/// Appends the request as one line of JSON, exactly as write_json would: a manifest may hold very
/// many.
void append_request(std::string& line, const Request& request);

/// Errors: bad_input. Names of tasks, roles and kinds are words: letters, digits, '_', '-' and '.'
/// only, so no path can hide in a request.
InputRef input_from_json(const Json& value);
Bundle bundle_from_json(const Json& value);
Request request_from_json(const Json& value);

}  // namespace polis
