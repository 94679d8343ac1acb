#include "app/verb.h"

#include <iostream>

#include "app/nearest.h"
#include "base/error.h"

namespace polis {
namespace {

namespace po = boost::program_options;

[[noreturn]] void refuse(const Verb& verb, const po::options_description& options,
                         const po::error& error) {
  std::string advice = "`polis " + std::string(verb.name) + " --help` lists the options";
  if (const auto* unknown = dynamic_cast<const po::unknown_option*>(&error)) {
    std::vector<std::string> names;
    for (const auto& option : options.options()) names.push_back("--" + option->long_name());
    advice = "did you mean " + nearest_of(unknown->get_option_name(), names) + "? " + advice;
  }
  throw Error(ErrorKind::bad_config, "cannot run polis " + std::string(verb.name), error.what(),
              advice);
}

}  // namespace

Arguments::Arguments(const Verb& verb, po::options_description options,
                     const std::string& positional, const std::vector<std::string>& words)
    : verb_(verb) {
  options.add_options()("help,h", "this text");
  po::positional_options_description places;
  if (!positional.empty()) places.add(positional.c_str(), -1);
  try {
    po::store(po::command_line_parser(words).options(options).positional(places).run(), values_);
    if (has("help")) {
      std::cout << "usage: polis " << verb.usage << "\n\n" << verb.help << "\n\n" << options;
      help_shown_ = true;
      return;
    }
    po::notify(values_);
  } catch (const po::error& error) {
    refuse(verb, options, error);
  }
}

std::string Arguments::text(const std::string& name) const {
  if (!has(name)) {
    throw Error(ErrorKind::bad_config, "cannot run polis " + std::string(verb_.name),
                "--" + name + " is missing", "usage: polis " + std::string(verb_.usage));
  }
  return values_[name].as<std::string>();
}

std::vector<std::string> Arguments::list(const std::string& name) const {
  return has(name) ? values_[name].as<std::vector<std::string>>() : std::vector<std::string>{};
}

}  // namespace polis
