#pragma once

#include <map>
#include <string>
#include <string_view>

namespace polis {

/// A JSON object whose values are all texts, in order of its keys: for flat descriptions that are
/// kept as a document.
std::string json_from_text_map(const std::map<std::string, std::string>& values);
/// Inverse. Errors: bad_input (no JSON, no object, a value that is no text).
std::map<std::string, std::string> text_map_from_json(std::string_view json, std::string_view what);

}  // namespace polis
