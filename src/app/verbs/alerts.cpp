#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

#include "app/city.h"
#include "app/verb.h"
#include "report/html_text.h"
#include "report/json_line.h"
#include "sky/alert.h"

namespace polis {
namespace {

namespace po = boost::program_options;

/// An alert of the city, with what was asked for because of it.
struct AlertLine {
  Alert alert;
  SkyObject object;
  std::vector<std::string> followed;  ///< "observe [done]"
};

/// Requests by the job that asked for them.
using Asked = std::map<JobId, std::vector<RequestView>>;

Asked requests_by_parent(const LedgerReader& ledger) {
  Asked asked;
  ledger.each_request([&](const RequestView& r) { asked[r.parent].push_back(r); });
  return asked;
}

/// What one product's requests do for an object: observations bear its name, photometry is for all.
std::vector<std::string> followed_by(const std::vector<RequestView>& requests,
                                     const SkyObject& object) {
  std::vector<std::string> followed;
  for (const RequestView& r : requests) {
    const bool photometry = r.task == "collect_targets" && object.moving == 0;
    if (photometry || r.label == object.name)
      followed.push_back(fmt::format("{} [{}]", r.task, name_of(r.state)));
  }
  return followed;
}

std::vector<AlertLine> collect_alerts(const City& city) {
  const std::unique_ptr<LedgerReader> ledger = city.ledger_reader();
  const std::unique_ptr<Lake> lake = city.lake();
  const Asked asked = requests_by_parent(*ledger);
  std::vector<AlertLine> lines;
  ledger->each_job("raise_alerts", JobState::done, [&](const JobView& job) {
    const AlertSet set = read_alerts(lake->get(job.output, "alerts").as<TableSet>());
    const auto requests = asked.find(job.id);
    for (const Alert& alert : set.alerts) {
      const SkyObject& object = set.object_of(alert);
      lines.push_back({alert, object,
                       requests == asked.end() ? std::vector<std::string>{}
                                               : followed_by(requests->second, object)});
    }
  });
  const auto rank = [](const AlertLine& line) {
    return std::isfinite(line.alert.p_real_transient) ? line.alert.p_real_transient : -1.0;
  };
  std::stable_sort(lines.begin(), lines.end(),
                   [&](const AlertLine& a, const AlertLine& b) { return rank(a) > rank(b); });
  return lines;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string text_of(const AlertLine& line) {
  const Alert& a = line.alert;
  return fmt::format("p {:<5}  {:<13}  {}  {:>5} {:<3} S/N {:<6}  {:<15} {:<10}  {} {} {}  {}\n",
                     shown(a.p_real_transient, 3), a.object, sexagesimal(a.ra_deg, a.dec_deg),
                     shown(a.mag, 2), a.physical_filter, shown(a.snr, 1),
                     a.label.empty() ? "-" : a.label, a.tag, utc(a.mjd_mid, 16), a.site,
                     a.exposure_id, joined(line.followed));
}

std::string json_of(const AlertLine& line) {
  const Alert& a = line.alert;
  return JsonLine()
      .count("candid", static_cast<std::uint64_t>(a.candid))
      .text("object", a.object)
      .text("tag", a.tag)
      .number("ra_deg", a.ra_deg)
      .number("dec_deg", a.dec_deg)
      .number("mag", a.mag)
      .number("mag_error", a.mag_error)
      .text("filter", a.physical_filter)
      .number("snr", a.snr)
      .text("class", a.label)
      .number("p_real_transient", a.p_real_transient)
      .number("mjd_mid", a.mjd_mid)
      .text("site", a.site)
      .text("exposure_id", a.exposure_id)
      .number("earlier", a.earlier)
      .text("followed_by", joined(line.followed))
      .text("caveat", a.caveat)
      .finish();
}

int run_alerts(const std::vector<std::string>& words, const RunnerFactory&) {
  po::options_description options("options");
  auto add = options.add_options();
  add("city", po::value<std::string>(), "folder of the city");
  add("tag", po::value<std::string>()->default_value("all"),
      "orphan, galaxy, variable, known_star, moving, pair");
  add("most", po::value<std::size_t>()->default_value(50), "lines at most; 0: all");
  add("json", po::bool_switch(), "one JSON object per line, all of them");
  const Arguments arguments(alerts_verb, options, "", words);
  if (arguments.help_shown()) return kAllDone;
  std::vector<AlertLine> lines = collect_alerts(City::open(arguments.text("city"), false));
  const std::string tag = arguments.text("tag");
  std::erase_if(lines,
                [&](const AlertLine& line) { return tag != "all" && line.alert.tag != tag; });
  if (arguments.flag("json")) {
    for (const AlertLine& line : lines) std::cout << json_of(line) << '\n';
    return kAllDone;
  }
  const std::size_t most = arguments.value<std::size_t>("most");
  const std::size_t count = most == 0 ? lines.size() : std::min(most, lines.size());
  for (std::size_t i = 0; i < count; ++i) std::cout << text_of(lines[i]);
  if (count < lines.size())
    std::cout << "... and " << lines.size() - count << " more: --most 0 shows all\n";
  if (lines.empty()) std::cout << "no alerts\n";
  return kAllDone;
}

}  // namespace

const Verb alerts_verb{"alerts", "alerts --city DIR [--tag TAG] [--json]",
                       "what is new on the sky, and what was asked for because of it", run_alerts};

}  // namespace polis
