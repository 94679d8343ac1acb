#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "sky/frame.h"

/// JSON at the border: strict reading, and small helpers. Only src/formats includes this file.
namespace polis {

using Json = nlohmann::json;

inline constexpr int kMaxJsonDepth = 64;

/// Reads exactly one JSON value. Errors: bad_input for anything that is not JSON (RFC 8259),
/// nesting deeper than kMaxJsonDepth, a key given twice, a number outside the range of a double,
/// text that is not UTF-8. `what` names the thing in the message: "the manifest".
Json parse_json(std::string_view text, std::string_view what);

/// One line of text; equal values give equal text. Bytes that are no UTF-8 become U+FFFD.
std::string write_json(const Json& value);

/// Unknown (NaN, infinite) numbers are null.
Json json_number(double value);

/// Typed members. Errors: bad_input naming `key`.
const Json& json_member(const Json& object, const char* key);
double json_to_double(const Json& object, const char* key);
int json_to_int(const Json& object, const char* key);
std::string json_to_text(const Json& object, const char* key);
bool json_to_bool(const Json& object, const char* key);
Facts json_to_facts(const Json& object, const char* key);
/// Errors: bad_input if `object` has members beside those named.
void json_only(const Json& object, std::initializer_list<std::string_view> keys,
               std::string_view what);

/// Checks the "format" member that begins each of our JSON artifacts, e.g. "polis exposure 1".
void json_check_format(const Json& object, std::string_view format);

}  // namespace polis
