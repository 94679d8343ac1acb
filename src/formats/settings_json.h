#pragma once

#include <map>
#include <string>
#include <string_view>

#include "formats/manifest.h"

namespace polis {

/// What a person set, per task: only what differs from the defaults. Travels as a `document`:
/// {"task": {"parameter": "value"}}.
using TaskSettings = std::map<std::string, ParameterMap, std::less<>>;

/// Errors: bad_config, if the text is anything else.
TaskSettings read_task_settings(std::string_view json);
std::string write_task_settings(const TaskSettings& settings);

}  // namespace polis
