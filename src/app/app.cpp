#include "app/app.h"

#include <algorithm>
#include <array>
#include <iostream>

#include "app/nearest.h"
#include "app/verb.h"
#include "base/error.h"

namespace polis {
namespace {

constexpr std::array<const Verb*, 11> kVerbs{
    &ingest_verb,   &run_verb,   &status_verb, &requests_verb, &alerts_verb, &export_verb,
    &simulate_verb, &retry_verb, &lake_verb,   &tasks_verb,    &model_verb};

void print_help(std::ostream& out) {
  out << "usage: polis VERB [OPTIONS]\n\nTurns raw telescope frames into catalogs, light curves "
         "and the next things to observe.\n\n";
  for (const Verb* verb : kVerbs) {
    out << "  " << verb->name << std::string(12 - verb->name.size(), ' ') << verb->help << '\n';
  }
  out << "\n`polis VERB --help` lists the options of a verb. Several ranks: mpirun -n 8 polis run "
         "--city DIR\n";
}

int exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_config:
    case ErrorKind::bad_input:
      return kBadUsage;
    case ErrorKind::not_found:
      return kNotThere;
    case ErrorKind::damaged:
    case ErrorKind::io:
    case ErrorKind::no_space:
      return kStoreTrouble;
    case ErrorKind::limit:
    case ErrorKind::no_result:
      return kSomeFailed;
    case ErrorKind::internal:
      break;
  }
  return kOwnMistake;
}

int dispatch(const std::vector<std::string>& words, const RunnerFactory& make_runner) {
  if (words.empty()) {
    print_help(std::cerr);
    return kBadUsage;
  }
  if (words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
    print_help(std::cout);
    return kAllDone;
  }
  for (const Verb* verb : kVerbs) {
    if (verb->name == words[0]) return verb->run({words.begin() + 1, words.end()}, make_runner);
  }
  std::vector<std::string> names;
  for (const Verb* verb : kVerbs) names.emplace_back(verb->name);
  throw Error(ErrorKind::bad_config, "cannot run polis " + words[0], "there is no such verb",
              "did you mean polis " + nearest_of(words[0], names) + "? `polis help` lists all");
}

}  // namespace

std::span<const Verb* const> all_verbs() { return kVerbs; }

int app_main(int argc, char** argv, const RunnerFactory& make_runner) {
  try {
    return dispatch({argv + std::min(argc, 1), argv + argc}, make_runner);
  } catch (const Error& error) {
    std::cerr << "polis: " << error.what() << '\n';
    return exit_code_of(error.kind());
  } catch (const std::exception& error) {
    std::cerr << "polis: stopped by a mistake of its own (" << error.what()
              << ") please report it with the command\n";
    return kOwnMistake;
  }
}

}  // namespace polis
