#include "app/settings.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fstream>
#include <sstream>

#include "app/nearest.h"
#include "base/error.h"

namespace polis {
namespace {

namespace po = boost::program_options;

/// [run] and [limits]; the defaults are those of the struct.
po::options_description own_options(Settings& s) {
  po::options_description options;
  auto add = options.add_options();
  add("run.threads", po::value(&s.threads)->default_value(s.threads),
      "threads per rank; 0: as many as the machine gives");
  add("run.attempts", po::value(&s.attempts)->default_value(s.attempts),
      "tries of a job whose failure may pass (disk, network)");
  add("run.memory_mib", po::value(&s.memory_mib)->default_value(s.memory_mib),
      "memory allowance of one job; 0: none");
  add("run.time_limit_s", po::value(&s.time_limit_s)->default_value(s.time_limit_s),
      "time allowance of one job; 0: none");
  add("limits.requests_per_output",
      po::value(&s.requests_per_output)->default_value(s.requests_per_output),
      "requests that one output may make; the excess is dropped and counted");
  add("limits.request_depth", po::value(&s.request_depth)->default_value(s.request_depth),
      "generations of requests that beget requests");
  add("limits.requests_total", po::value(&s.requests_total)->default_value(s.requests_total),
      "requests in the ledger at most");
  return options;
}

po::options_description all_options(Settings& settings, const TaskTable& tasks) {
  po::options_description options = own_options(settings);
  for (const Task& task : tasks.all()) {
    for (const ParameterSpec& parameter : task.parameters) {
      const std::string name = std::string(task.name) + "." + std::string(parameter.name);
      options.add_options()(name.c_str(), po::value<std::string>(),
                            std::string(parameter.help).c_str());
    }
  }
  return options;
}

[[noreturn]] void refuse(const po::options_description& known, const std::string& where,
                         const std::exception& error) {
  if (const auto* unknown = dynamic_cast<const po::unknown_option*>(&error)) {
    std::vector<std::string> names;
    for (const auto& option : known.options()) names.push_back(option->long_name());
    throw Error(ErrorKind::bad_config, "cannot use the configuration of " + where,
                "unknown key " + unknown->get_option_name(),
                "did you mean " + nearest_of(unknown->get_option_name(), names) +
                    "? `polis run --dump-config` lists all");
  }
  throw Error(ErrorKind::bad_config, "cannot use the configuration of " + where, error.what(),
              "`polis run --dump-config` prints a complete file");
}

void read_stream(std::istream& in, const std::string& where, const po::options_description& options,
                 std::map<std::string, std::string>& values) {
  try {
    const auto parsed = po::parse_config_file(in, options, false);
    for (const auto& option : parsed.options) {
      if (!option.value.empty()) values[option.string_key] = option.value.back();
    }
  } catch (const po::error& error) {
    refuse(options, where, error);
  }
}

void check_values(const Settings& s) {
  const auto need = [](bool good, const std::string& what, const std::string& why) {
    if (!good) throw Error(ErrorKind::bad_config, "cannot use " + what, why, "give another value");
  };
  need(s.threads >= 0, "run.threads", "it is negative");
  need(s.attempts >= 1, "run.attempts", "a job needs at least one");
  need(s.memory_mib >= 0.0 && s.time_limit_s >= 0.0, "run.memory_mib or run.time_limit_s",
       "an allowance is negative");
  need(s.requests_per_output > 0 && s.request_depth > 0 && s.requests_total > 0, "[limits]",
       "a limit is not positive");
}

/// Parses the collected text once more, now into typed values.
Settings typed(const TaskTable& tasks, const std::map<std::string, std::string>& values) {
  Settings settings;
  const po::options_description own = own_options(settings);
  std::ostringstream text;
  for (const auto& [key, value] : values) {
    if (own.find_nothrow(key, false) != nullptr) text << key << " = " << value << '\n';
  }
  std::istringstream in(text.str());
  po::variables_map map;
  try {
    po::store(po::parse_config_file(in, own), map);
    po::notify(map);
  } catch (const po::error& error) {
    refuse(own, "[run] and [limits]", error);
  }
  check_values(settings);
  for (const Task& task : tasks.all()) {
    ParameterMap given;
    for (const ParameterSpec& parameter : task.parameters) {
      const auto found = values.find(std::string(task.name) + "." + std::string(parameter.name));
      if (found != values.end() && found->second != parameter.default_value) {
        given[std::string(parameter.name)] = found->second;
      }
    }
    if (!given.empty()) settings.tasks[std::string(task.name)] = std::move(given);
  }
  return settings;
}

}  // namespace

Settings read_settings(const TaskTable& tasks, const std::vector<std::string>& files,
                       const std::vector<std::string>& assignments) {
  Settings scratch;
  const po::options_description options = all_options(scratch, tasks);
  std::map<std::string, std::string> values;
  for (const std::string& file : files) {
    std::ifstream in(file);
    if (!in)
      throw Error(ErrorKind::not_found, "cannot read the configuration " + file, "no such file",
                  "shipped ones lie in configs/pipelines/");
    read_stream(in, file, options, values);
  }
  for (const std::string& assignment : assignments) {
    if (assignment.find('=') == std::string::npos) {
      throw Error(ErrorKind::bad_config, "cannot use --set " + assignment, "it has no '='",
                  "write --set section.key=value");
    }
    std::istringstream in(assignment + "\n");
    read_stream(in, "--set " + assignment, options, values);
  }
  return typed(tasks, values);
}

std::string dump_settings(const Settings& settings, const TaskTable& tasks) {
  Settings copy = settings;
  const po::options_description own = own_options(copy);
  std::ostringstream out;
  std::string section;
  for (const auto& option : own.options()) {
    const std::string name = option->long_name();
    const std::size_t dot = name.find('.');
    if (name.substr(0, dot) != section) {
      section = name.substr(0, dot);
      out << (out.tellp() > 0 ? "\n" : "") << '[' << section << "]\n";
    }
    boost::any value;
    option->semantic()->apply_default(value);
    out << "# " << option->description() << '\n' << name.substr(dot + 1) << " = ";
    if (const auto* i = boost::any_cast<int>(&value)) out << *i;
    if (const auto* l = boost::any_cast<long>(&value)) out << *l;
    if (const auto* d = boost::any_cast<double>(&value)) out << *d;
    if (const auto* t = boost::any_cast<std::string>(&value)) out << *t;
    out << '\n';
  }
  for (const Task& task : tasks.all()) {
    if (task.parameters.empty()) continue;
    out << "\n# " << task.help << "\n[" << task.name << "]\n";
    const auto given = settings.tasks.find(std::string(task.name));
    for (const ParameterSpec& parameter : task.parameters) {
      std::string value(parameter.default_value);
      if (given != settings.tasks.end()) {
        const auto found = given->second.find(std::string(parameter.name));
        if (found != given->second.end()) value = found->second;
      }
      out << "# " << parameter.help << '\n' << parameter.name << " = " << value << '\n';
    }
  }
  return out.str();
}

}  // namespace polis
