#include "formats/settings_json.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace polis {
namespace {

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_config, "cannot read the settings of the tasks", why,
              R"(expected {"task": {"parameter": "value"}})");
}

}  // namespace

TaskSettings read_task_settings(std::string_view json) {
  const auto value = nlohmann::json::parse(json, nullptr, false);
  if (!value.is_object()) refuse("the document is no JSON object");
  TaskSettings settings;
  for (const auto& [task, parameters] : value.items()) {
    if (!parameters.is_object()) refuse("the member " + task + " is no object");
    for (const auto& [name, text] : parameters.items()) {
      if (!text.is_string()) refuse("the value of " + task + "." + name + " is no text");
      settings[task][name] = text.get<std::string>();
    }
  }
  return settings;
}

std::string write_task_settings(const TaskSettings& settings) {
  nlohmann::json value = nlohmann::json::object();
  for (const auto& [task, parameters] : settings) {
    for (const auto& [name, text] : parameters) value[task][name] = text;
  }
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace polis
