#include "formats/text_map_json.h"

#include "base/error.h"
#include "formats/json_text.h"

namespace polis {

std::string json_from_text_map(const std::map<std::string, std::string>& values) {
  Json object = Json::object();
  for (const auto& [key, value] : values) object[key] = value;
  return write_json(object);
}

std::map<std::string, std::string> text_map_from_json(std::string_view json,
                                                      std::string_view what) {
  const Json object = parse_json(json, what);
  if (!object.is_object()) {
    throw Error(ErrorKind::bad_input, "cannot read " + std::string(what), "it is no JSON object");
  }
  std::map<std::string, std::string> values;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_string()) {
      throw Error(ErrorKind::bad_input, "cannot read " + std::string(what),
                  "'" + key + "' is no text");
    }
    values[key] = value.get<std::string>();
  }
  return values;
}

}  // namespace polis
