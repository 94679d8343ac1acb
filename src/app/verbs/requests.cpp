#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "app/city.h"
#include "app/verb.h"
#include "report/json_line.h"

namespace polis {
namespace {

namespace po = boost::program_options;

std::vector<RequestView> collect(const LedgerReader& ledger, const std::string& task) {
  std::vector<RequestView> requests;
  ledger.each_request([&](const RequestView& request) {
    if (task == "all" || request.task == task) requests.push_back(request);
  });
  std::stable_sort(
      requests.begin(), requests.end(),
      [](const RequestView& a, const RequestView& b) { return a.priority > b.priority; });
  return requests;
}

std::string json_of(const RequestView& r) {
  return JsonLine()
      .count("job", r.job)
      .count("parent", r.parent)
      .text("task", r.task)
      .text("label", r.label)
      .text("reason", r.reason)
      .number("priority", r.priority)
      .number("deadline_mjd", r.deadline_mjd)
      .text("state", name_of(r.state))
      .finish();
}

int run_requests(const std::vector<std::string>& words, const RunnerFactory&) {
  po::options_description options("options");
  auto add = options.add_options();
  add("city", po::value<std::string>(), "folder of the city");
  add("task", po::value<std::string>()->default_value("observe"),
      "requests for this task only; all: every request");
  add("most", po::value<std::size_t>()->default_value(50), "lines at most; 0: all");
  add("json", po::bool_switch(), "one JSON object per line, all of them");
  const Arguments arguments(requests_verb, options, "", words);
  if (arguments.help_shown()) return kAllDone;
  const City city = City::open(arguments.text("city"), false);
  const std::vector<RequestView> requests = collect(*city.ledger_reader(), arguments.text("task"));
  if (arguments.flag("json")) {
    for (const RequestView& request : requests) std::cout << json_of(request) << '\n';
    return kAllDone;
  }
  const std::size_t most = arguments.value<std::size_t>("most");
  const std::size_t shown = most == 0 ? requests.size() : std::min(most, requests.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const RequestView& r = requests[i];
    std::cout << fmt::format("priority {:>3}  {:<18} {:<28} {}  [{}]\n", r.priority, r.task,
                             r.label, r.reason, name_of(r.state));
  }
  if (shown < requests.size())
    std::cout << "... and " << requests.size() - shown << " more: --most 0 shows all\n";
  if (requests.empty()) std::cout << "no requests for " << arguments.text("task") << '\n';
  return kAllDone;
}

}  // namespace

const Verb requests_verb{"requests", "requests --city DIR [--task NAME] [--json]",
                         "what should be observed (or computed) next, and why", run_requests};

}  // namespace polis
