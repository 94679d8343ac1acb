#include "tasks/tasks.h"

#include <iostream>

#include "app/verb.h"

namespace polis {
namespace {

int run_tasks(const std::vector<std::string>& words, const RunnerFactory&) {
  const Arguments arguments(tasks_verb, {}, "", words);
  if (arguments.help_shown()) return kAllDone;
  for (const Task& task : all_tasks()) {
    std::cout << task.name << " (version " << task.version << ", makes " << task.output_kind
              << ")\n    " << task.help << '\n';
    for (const ParameterSpec& parameter : task.parameters) {
      std::cout << "    " << task.name << '.' << parameter.name << " = " << parameter.default_value
                << "   " << parameter.help << '\n';
    }
  }
  return kAllDone;
}

}  // namespace

const Verb tasks_verb{"tasks", "tasks", "lists all tasks with their parameters and defaults",
                      run_tasks};

}  // namespace polis
