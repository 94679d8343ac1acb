#include <iostream>

#include "app/city.h"
#include "app/verb.h"
#include "report/json_line.h"
#include "report/summary.h"

namespace polis {
namespace {

namespace po = boost::program_options;

int run_status(const std::vector<std::string>& words, const RunnerFactory&) {
  po::options_description options("options");
  options.add_options()("city", po::value<std::string>(), "folder of the city")("json", po::bool_switch(), "one JSON object");
  const Arguments arguments(status_verb, options, "", words);
  if (arguments.help_shown()) return kAllDone;
  const City city = City::open(arguments.text("city"), false);
  const Summary summary = summarise(*city.ledger_reader());
  if (arguments.flag("json")) {
    std::cout << JsonLine().count("rejected_files", city.rejected()).raw("ledger", summary_json(summary)).finish() << '\n';
  } else {
    std::cout << summary_text(summary);
    if (city.rejected() > 0) std::cout << "files that could not be read: " << city.rejected() << ", see " << city.rejected_root() << '\n';
  }
  return summary.of(JobState::held) > 0 ? kSomeFailed : kAllDone;
}

}  // namespace

const Verb status_verb{"status", "status --city DIR [--json]", "what was done, what failed and why", run_status};

}  // namespace polis
