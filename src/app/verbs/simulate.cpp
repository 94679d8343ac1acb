#include <filesystem>
#include <fstream>
#include <iostream>

#include "app/city.h"
#include "app/mission.h"
#include "app/verb.h"
#include "base/error.h"
#include "formats/paths.h"
#include "formats/text_map_json.h"
#include "simulate/scene.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

po::options_description simulate_options() {
  po::options_description options("options");
  auto add = options.add_options();
  add("out", po::value<std::string>(),
      "folder for the frames: OUT/<site>/*.fits, OUT/reference.h5, OUT/truth/*.h5");
  add("preset", po::value<std::string>()->default_value("tiny"),
      "tiny, crowded, transients, demo or survey");
  add("seed", po::value<std::uint64_t>()->default_value(1), "another seed, another sky and night");
  add("scene", po::value<std::vector<std::string>>()->composing(),
      "name=value: changes the preset (see --list); several are allowed");
  add("no-truth", po::bool_switch(), "frames and reference catalogue only");
  add("list", po::bool_switch(),
      "print everything that --scene can change, with the preset's values");
  add("log-json", po::bool_switch(), "progress as one JSON object per line");
  return options;
}

Scene scene_of(const Arguments& arguments) {
  Scene scene = scene_preset(arguments.text("preset"), arguments.value<std::uint64_t>("seed"));
  SceneText changes;
  for (const std::string& change : arguments.list("scene")) {
    const std::size_t equals = change.find('=');
    if (equals == std::string::npos) {
      throw Error(ErrorKind::bad_config, "cannot use --scene " + change, "it has no '='",
                  "write --scene name=value");
    }
    changes[change.substr(0, equals)] = change.substr(equals + 1);
  }
  override_scene(scene, changes);
  return scene;
}

/// Jobs of a simulation carry as label the path that their product has in the output folder.
std::size_t write_files(const City& city, const Lake& lake, const std::string& out) {
  std::size_t files = 0;
  city.ledger_reader()->each_job({}, JobState::done, [&](const JobView& job) {
    if (job.output.is_zero() || job.label.find('.') == std::string::npos) return;
    const fs::path path = resolve_inside(out, job.label);
    ++files;
    const std::string kind(TaskTable(all_tasks()).at(job.task).output_kind);
    const Bytes bytes = lake.get(job.output, kind).bytes();
    fs::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file)
      throw Error(ErrorKind::io, "cannot write " + path.string(), "disk full or not writable",
                  "choose another --out");
  });
  return files;
}

int run_simulate(const std::vector<std::string>& words, const RunnerFactory& make_runner) {
  const Arguments arguments(simulate_verb, simulate_options(), "", words);
  if (arguments.help_shown()) return kAllDone;
  const Scene scene = scene_of(arguments);
  if (arguments.flag("list")) {
    for (const auto& [name, value] : scene_text(scene)) std::cout << name << " = " << value << '\n';
    return kAllDone;
  }
  const std::string out = arguments.text("out");
  // A city for each scene: a simulation that was stopped goes on where it was, and two never mix.
  const std::string document = json_from_text_map(scene_text(scene));
  const City city = City::open(out + "/.simulation/" + digest_of(document).short_hex(), true);
  const std::unique_ptr<Lake> lake = city.lake();
  Request request;
  request.task = "simulate_night";
  request.label = "truth/night.h5";
  request.reason = "asked for by a person";
  request.input.entries = {
      {"scene", {InputRef::From::lake, lake->put(Artifact::of("document", document)), "document"}}};
  if (arguments.flag("no-truth")) request.parameters["truth"] = "false";
  const MissionStyle style{arguments.flag("log-json"), false};
  const int code = run_mission(city, *lake, Settings{}, std::span(&request, 1), style, make_runner);
  std::cout << write_files(city, *lake, out) << " files in " << out << '\n';
  return code;
}

}  // namespace

const Verb simulate_verb{
    "simulate", "simulate --out DIR [--preset NAME] [--seed N] [--scene name=value]",
    "makes raw frames of a simulated array of telescopes, with the truth", run_simulate};

}  // namespace polis
