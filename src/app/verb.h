#pragma once

#include <boost/program_options.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/app.h"

namespace polis {

/// One verb of the program: a file under src/app/verbs and a row in src/app/app.cpp.
struct Verb {
  std::string_view name;
  std::string_view usage;  ///< "ingest --city DIR PATH..."
  std::string_view help;   ///< one line
  int (*run)(const std::vector<std::string>& arguments, const RunnerFactory& make_runner);
};

/// The options that a verb was given. Errors: bad_config with the nearest known option.
class Arguments {
 public:
  /// `positional`: name of the option that takes words without a dash; empty: none are allowed.
  Arguments(const Verb& verb, boost::program_options::options_description options,
            const std::string& positional, const std::vector<std::string>& words);
  /// True if help was asked for and printed: the verb then returns kAllDone.
  bool help_shown() const { return help_shown_; }
  bool has(const std::string& name) const { return values_.count(name) > 0; }
  bool flag(const std::string& name) const { return has(name) && values_[name].as<bool>(); }
  /// Errors: bad_config if it was not given and has no default.
  std::string text(const std::string& name) const;
  std::vector<std::string> list(const std::string& name) const;
  template <class T>
  T value(const std::string& name) const {
    return values_[name].as<T>();
  }

 private:
  const Verb& verb_;
  boost::program_options::variables_map values_;
  bool help_shown_ = false;
};

extern const Verb ingest_verb, simulate_verb, run_verb, status_verb, requests_verb, alerts_verb,
    export_verb, lake_verb, tasks_verb, retry_verb, model_verb;
std::span<const Verb* const> all_verbs();

}  // namespace polis
