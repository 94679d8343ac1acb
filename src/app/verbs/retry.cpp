#include <iostream>

#include "app/city.h"
#include "app/verb.h"

namespace polis {
namespace {

namespace po = boost::program_options;

int run_retry(const std::vector<std::string>& words, const RunnerFactory&) {
  po::options_description options("options");
  options.add_options()("city", po::value<std::string>(), "folder of the city")(
      "what", po::value<std::vector<std::string>>(),
      "names of tasks, or keys of jobs; none: all that failed");
  const Arguments arguments(retry_verb, options, "what", words);
  if (arguments.help_shown()) return kAllDone;
  const std::unique_ptr<Ledger> ledger = City::open(arguments.text("city"), false).ledger();
  std::vector<std::string> what = arguments.list("what");
  if (what.empty()) what.emplace_back();
  std::uint64_t released = 0;
  for (const std::string& name : what) released += ledger->release_held(name);
  ledger->commit();
  std::cout << released << " jobs wait again: `polis run` tries them\n";
  return kAllDone;
}

}  // namespace

const Verb retry_verb{"retry", "retry --city DIR [TASK|KEY...]",
                      "lets failed jobs wait again, after their cause was mended", run_retry};

}  // namespace polis
