#include <iostream>
#include <set>

#include "app/city.h"
#include "app/verb.h"
#include "report/json_line.h"
#include "report/summary.h"

namespace polis {
namespace {

namespace po = boost::program_options;

/// One line per job that is done, by key: what two runs of the same night must agree on.
void print_outputs(const LedgerReader& ledger) {
  std::set<std::string> lines;
  ledger.each_job({}, std::nullopt, [&](const JobView& job) {
    lines.insert(job.key.hex() + " " + job.task + " " + std::string(name_of(job.state)) + " " +
                 (job.output.is_zero() ? "-" : job.output.hex()));
  });
  for (const std::string& line : lines) std::cout << line << '\n';
}

int run_status(const std::vector<std::string>& words, const RunnerFactory&) {
  po::options_description options("options");
  options.add_options()("city", po::value<std::string>(), "folder of the city")(
      "json", po::bool_switch(), "one JSON object")(
      "outputs", po::bool_switch(),
      "key, task, state and output digest of every job, to compare runs");
  const Arguments arguments(status_verb, options, "", words);
  if (arguments.help_shown()) return kAllDone;
  const City city = City::open(arguments.text("city"), false);
  if (arguments.flag("outputs")) {
    print_outputs(*city.ledger_reader());
    return kAllDone;
  }
  const Summary summary = summarise(*city.ledger_reader());
  if (arguments.flag("json")) {
    std::cout << JsonLine()
                     .count("rejected_files", city.rejected())
                     .raw("ledger", summary_json(summary))
                     .finish()
              << '\n';
  } else {
    std::cout << summary_text(summary);
    if (city.rejected() > 0)
      std::cout << "files that could not be read: " << city.rejected() << ", see "
                << city.rejected_root() << '\n';
  }
  return summary.of(JobState::held) > 0 ? kSomeFailed : kAllDone;
}

}  // namespace

const Verb status_verb{"status", "status --city DIR [--json|--outputs]",
                       "what was done, what failed and why", run_status};

}  // namespace polis
