#include <filesystem>
#include <iostream>

#include "app/city.h"
#include "app/verb.h"
#include "app/write_file.h"
#include "base/error.h"
#include "formats/hdf5_seal.h"
#include "formats/keras.h"
#include "formats/onnx.h"
#include "formats/paths.h"
#include "models/describe.h"
#include "models/executor.h"
#include "models/import.h"

namespace polis {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

[[noreturn]] void bad_usage(const std::string& why) {
  throw Error(ErrorKind::bad_config, "cannot run polis model", why,
              "usage: polis " + std::string(model_verb.usage));
}

Artifact read_model(const std::string& path) {
  Bytes bytes = read_foreign_file(path);
  try_foreign_tables(bytes);
  return Artifact::from_bytes("model", std::move(bytes));
}

/// "name=text" of --card.
std::pair<std::string, std::string> card_entry(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    bad_usage("--card " + text.substr(0, 80) + " is not of the form name=text");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

ImportOptions import_options(const Arguments& arguments, const std::string& file) {
  ImportOptions options;
  options.name = arguments.has("name") ? arguments.text("name") : fs::path(file).stem().string();
  options.normalisation = normalisation_from(arguments.text("normalise"));
  options.classes = arguments.list("class");
  if (arguments.has("input")) options.input_shape = shape_from(arguments.text("input"), "--input");
  for (const std::string& entry : arguments.list("card")) options.card.insert(card_entry(entry));
  return options;
}

/// By the file's name: .onnx; .json with the weights beside it; .h5 with the architecture inside.
Network import_file(const Arguments& arguments, const std::string& file) {
  const ImportOptions options = import_options(arguments, file);
  const Bytes bytes = read_foreign_file(file);
  const std::string ending = fs::path(file).extension().string();
  if (ending == ".onnx") return network_from_onnx(read_onnx(bytes), options);
  if (ending == ".json") {
    const Bytes weights = read_foreign_file(arguments.text("weights"));
    return network_from_keras(read_keras(as_text(bytes), weights), options);
  }
  if (ending == ".h5" || ending == ".hdf5" || ending == ".keras")
    return network_from_keras(read_keras({}, bytes), options);
  bad_usage("the ending of " + file + " is none of .onnx, .json, .h5");
}

int import_model(const Arguments& arguments, const std::string& file) {
  if (!arguments.has("to") && !arguments.has("city")) bad_usage("--to or --city is missing");
  const Artifact model = model_artifact(import_file(arguments, file));
  if (arguments.has("to")) write_file(arguments.text("to"), model.bytes());
  if (arguments.has("city")) City::open(arguments.text("city"), true).lake()->put(model);
  std::cout << describe_network(read_network(model)) << "model " << model.digest().hex() << '\n';
  return kAllDone;
}

int check_model(const std::string& file) {
  const Network network = load_network(read_model(file));
  std::cout << file << ": network " << network.name
            << " can be run, and its answer to the golden input is the golden output ("
            << executor_version() << ")\n";
  for (const std::string& step : Executor(network).steps()) std::cout << "  " << step << '\n';
  return kAllDone;
}

int export_model(const Arguments& arguments, const std::string& file) {
  const std::string to = arguments.text("to");
  if (fs::path(to).extension() != ".onnx") bad_usage("--to must end in .onnx");
  write_file(to, write_onnx(onnx_from_network(load_network(read_model(file)))));
  return kAllDone;
}

po::options_description model_options() {
  po::options_description options("options");
  auto add = options.add_options();
  add("words", po::value<std::vector<std::string>>(),
      "import, show, check or export, and a file (also without --words)");
  add("to", po::value<std::string>(), "file to write: a model, or .onnx with export");
  add("city", po::value<std::string>(), "import: puts the model into the lake of this city too");
  add("weights", po::value<std::string>(), "import of a Keras .json: HDF5 file of the weights");
  add("name", po::value<std::string>(), "import: name of the network; default that of the file");
  add("normalise", po::value<std::string>()->default_value("none"),
      "import: what is done to each stamp: none, l2_rows, l2_image, standardise");
  add("class", po::value<std::vector<std::string>>()->composing(),
      "import: name of an output, in order, once for each");
  add("input", po::value<std::string>(),
      "import: shape of a stamp, channels first, where the file leaves it open: \"3 63 63\"");
  add("card", po::value<std::vector<std::string>>()->composing(),
      "import: a line of the model card: licence=MIT, data_digest=..., metric_auc=0.99");
  return options;
}

int run_model(const std::vector<std::string>& words, const RunnerFactory&) {
  const Arguments arguments(model_verb, model_options(), "words", words);
  if (arguments.help_shown()) return kAllDone;
  const std::vector<std::string> given = arguments.list("words");
  if (given.size() != 2) bad_usage("it needs an action (import, show, check, export) and a file");
  const std::string& file = given[1];
  if (given[0] == "import") return import_model(arguments, file);
  if (given[0] == "check") return check_model(file);
  if (given[0] == "export") return export_model(arguments, file);
  if (given[0] != "show") bad_usage("there is no action " + given[0].substr(0, 80));
  std::cout << describe_network(read_network(read_model(file)));
  return kAllDone;
}

}  // namespace

const Verb model_verb{"model", "model import|show|check|export FILE [--to FILE]",
                      "imports networks (Keras, ONNX), shows, checks and exports them", run_model};

}  // namespace polis
