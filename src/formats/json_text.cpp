#include "formats/json_text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"

namespace polis {
namespace {

[[noreturn]] void refuse(std::string_view what, std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read " + std::string(what), why);
}

[[noreturn]] void refuse_member(const char* key, std::string_view why) {
  refuse(std::string("member \"") + key + "\" of a JSON artifact", why);
}

/// Watches the parser: how deep it is, and which keys each open object has.
class Watch {
 public:
  explicit Watch(std::string_view what) : what_(what) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        if (depth >= kMaxJsonDepth)
          refuse(what_, "JSON nested deeper than " + std::to_string(kMaxJsonDepth));
        keys_.emplace_back();
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end:
        keys_.pop_back();
        break;
      case Json::parse_event_t::key:
        if (!keys_.back().insert(parsed.get<std::string>()).second) {
          refuse(what_, "key \"" + parsed.get<std::string>().substr(0, 80) + "\" is given twice");
        }
        break;
      case Json::parse_event_t::value:
        break;
    }
    return true;
  }

 private:
  std::string what_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

Json parse_json(std::string_view text, std::string_view what) {
  Watch watch(what);
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t event, Json& parsed) {
      return watch(depth, event, parsed);
    });
  } catch (const Json::exception& error) {
    refuse(what, std::string_view(error.what()).substr(0, 200));
  }
}

std::string write_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json json_number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

const Json& json_member(const Json& object, const char* key) {
  if (!object.is_object()) refuse_member(key, "the value around it is no object");
  const auto found = object.find(key);
  if (found == object.end()) refuse_member(key, "it is missing");
  return *found;
}

double json_to_double(const Json& object, const char* key) {
  const Json& value = json_member(object, key);
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (!value.is_number()) refuse_member(key, "it is no number");
  return value.get<double>();
}

int json_to_int(const Json& object, const char* key) {
  const Json& value = json_member(object, key);
  if (!value.is_number_integer()) refuse_member(key, "it is no integer");
  const double wide = value.get<double>();
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
    refuse_member(key, "it does not fit into 32 bits");
  }
  return value.get<int>();
}

std::string json_to_text(const Json& object, const char* key) {
  const Json& value = json_member(object, key);
  if (!value.is_string()) refuse_member(key, "it is no text");
  return value.get<std::string>();
}

bool json_to_bool(const Json& object, const char* key) {
  const Json& value = json_member(object, key);
  if (!value.is_boolean()) refuse_member(key, "it is neither true nor false");
  return value.get<bool>();
}

Facts json_to_facts(const Json& object, const char* key) {
  const Json& value = json_member(object, key);
  if (!value.is_object()) refuse_member(key, "it is no object");
  Facts facts;
  for (const auto& [name, text] : value.items()) {
    if (!text.is_string()) refuse_member(key, "\"" + name + "\" in it is no text");
    facts[name] = text.get<std::string>();
  }
  return facts;
}

void json_only(const Json& object, std::initializer_list<std::string_view> keys,
               std::string_view what) {
  if (!object.is_object()) refuse(what, "it is no JSON object");
  for (const auto& item : object.items()) {
    if (std::find(keys.begin(), keys.end(), item.key()) == keys.end()) {
      refuse(what, "unknown member \"" + item.key().substr(0, 80) + "\"");
    }
  }
}

void json_check_format(const Json& object, std::string_view format) {
  const std::string found = json_to_text(object, "format");
  if (found != format)
    refuse("a JSON artifact",
           "its format is \"" + found.substr(0, 80) + "\", not \"" + std::string(format) + "\"");
}

}  // namespace polis
