#include "jobs/task.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"

#ifndef POLIS_VERSION
#define POLIS_VERSION "0.1.0"
#endif

namespace polis {
namespace {

[[noreturn]] void refuse(const std::string& task, std::string_view name, const std::string& value,
                         std::string_view why) {
  throw Error(ErrorKind::bad_config,
              "cannot use " + task + "." + std::string(name) + " = '" + value + "'", why);
}

template <class T>
bool parse_whole(const std::string& text, T& value) {
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  return code == std::errc() && stop == end;
}

}  // namespace

const std::string& Parameters::text(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  if (found == values_.end()) {
    throw Error(ErrorKind::bad_config, "cannot read parameter " + task_ + "." + std::string(name),
                "the task does not declare it", "add it to the task's parameters");
  }
  return found->second;
}

double Parameters::number(std::string_view name) const {
  double value = 0.0;
  if (!parse_whole(text(name), value) || !std::isfinite(value))
    refuse(task_, name, text(name), "not a number");
  return value;
}

int Parameters::integer(std::string_view name) const {
  int value = 0;
  if (!parse_whole(text(name), value)) refuse(task_, name, text(name), "not a whole number");
  return value;
}

bool Parameters::flag(std::string_view name) const {
  const std::string& value = text(name);
  if (value == "true" || value == "yes" || value == "1") return true;
  if (value == "false" || value == "no" || value == "0") return false;
  refuse(task_, name, value, "neither true nor false");
}

TaskTable::TaskTable(std::vector<Task> tasks) : tasks_(std::move(tasks)) {
  std::sort(tasks_.begin(), tasks_.end(),
            [](const Task& a, const Task& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(
      tasks_.begin(), tasks_.end(), [](const Task& a, const Task& b) { return a.name == b.name; });
  if (twice != tasks_.end()) {
    throw Error(ErrorKind::internal, "cannot make the table of tasks",
                "two tasks are called " + std::string(twice->name));
  }
}

bool TaskTable::has(std::string_view name) const {
  return std::any_of(tasks_.begin(), tasks_.end(),
                     [&](const Task& task) { return task.name == name; });
}

const Task& TaskTable::at(std::string_view name) const {
  const auto found = std::lower_bound(
      tasks_.begin(), tasks_.end(), name,
      [](const Task& task, std::string_view wanted) { return task.name < wanted; });
  if (found != tasks_.end() && found->name == name) return *found;
  std::string names;
  for (const Task& task : tasks_) names.append(names.empty() ? "" : ", ").append(task.name);
  throw Error(ErrorKind::not_found, "cannot find task '" + std::string(name) + "'",
              "the tasks are " + names);
}

Parameters TaskTable::complete(const Task& task, const ParameterMap& given) const {
  ParameterMap values;
  for (const ParameterSpec& spec : task.parameters) values.emplace(spec.name, spec.default_value);
  for (const auto& [name, value] : given) {
    const auto declared = values.find(name);
    if (declared == values.end()) {
      std::string names;
      for (const ParameterSpec& spec : task.parameters)
        names.append(names.empty() ? "" : ", ").append(spec.name);
      throw Error(ErrorKind::bad_config, "cannot set " + std::string(task.name) + "." + name,
                  "the task has no such parameter",
                  names.empty() ? "it has none" : "it has " + names);
    }
    declared->second = value;
  }
  return {std::string(task.name), std::move(values)};
}

Digest TaskTable::key_of(const Request& request) const {
  const Task& task = at(request.task);
  return job_key(task.name, task.version, complete(task, request.parameters).values(),
                 request.input);
}

std::string_view code_version() { return POLIS_VERSION; }

Facts provenance_of(const Task& task, const Parameters& parameters, const Digest& key,
                    const Bundle& input) {
  Facts facts;
  facts["task"] = task.name;
  facts["task_version"] = std::to_string(task.version);
  facts["job_key"] = key.hex();
  facts["code_version"] = code_version();
  for (const auto& [name, value] : parameters.values()) facts["parameter_" + name] = value;
  // Roles repeat: a number keeps the order of the bundle.
  for (std::size_t i = 0; i < input.entries.size(); ++i) {
    const BundleEntry& entry = input.entries[i];
    const std::string from = entry.ref.from == InputRef::From::job ? "job " : "";
    facts["input_" + std::to_string(i) + "_" + entry.role] = from + entry.ref.name.hex();
  }
  return facts;
}

}  // namespace polis
