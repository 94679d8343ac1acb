#include <iostream>

#include "app/city.h"
#include "app/mission.h"
#include "app/night_request.h"
#include "app/settings.h"
#include "app/verb.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

namespace po = boost::program_options;

po::options_description run_options() {
  po::options_description options("options");
  auto add = options.add_options();
  add("city", po::value<std::string>(), "folder of the city");
  add("config", po::value<std::vector<std::string>>()->composing(),
      "INI file; several: later ones win");
  add("set", po::value<std::vector<std::string>>()->composing(),
      "section.key=value, after the files");
  add("night", po::value<std::vector<std::string>>()->composing(),
      "only exposures of this night (2026-11-25); several are allowed");
  add("site", po::value<std::vector<std::string>>()->composing(),
      "only exposures of this site; several are allowed");
  add("targets", po::value<std::string>(),
      "CSV of positions (id,ra,dec) to measure in every frame");
  add("dry-run", po::bool_switch(), "print the plan of the next round, do nothing");
  add("dump-config", po::bool_switch(), "print the complete configuration, do nothing");
  add("log-json", po::bool_switch(), "progress as one JSON object per line");
  return options;
}

int run_run(const std::vector<std::string>& words, const RunnerFactory& make_runner) {
  const Arguments arguments(run_verb, run_options(), "", words);
  if (arguments.help_shown()) return kAllDone;
  const TaskTable tasks(all_tasks());
  const Settings settings = read_settings(tasks, arguments.list("config"), arguments.list("set"));
  if (arguments.flag("dump-config")) {
    std::cout << dump_settings(settings, tasks);
    return kAllDone;
  }
  const City city = City::open(arguments.text("city"), false);
  const std::unique_ptr<Lake> lake = city.lake();
  const NightChoice choice{arguments.list("night"), arguments.list("site"),
                           arguments.has("targets") ? arguments.text("targets") : ""};
  const Request request = night_request(city, *lake, settings, choice);
  const MissionStyle style{arguments.flag("log-json"), arguments.flag("dry-run")};
  return run_mission(city, *lake, settings, std::span(&request, 1), style, make_runner);
}

}  // namespace

const Verb run_verb{"run", "run --city DIR [--config FILE] [--set section.key=value] [--dry-run]",
                    "processes what was ingested, round by round, until nothing is left; resumes",
                    run_run};

}  // namespace polis
