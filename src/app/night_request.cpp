#include "app/night_request.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "app/config_folder.h"
#include "base/error.h"
#include "formats/reference_csv.h"
#include "formats/settings_json.h"
#include "models/network.h"
#include "sky/exposure.h"

namespace polis {
namespace {

bool among(const std::vector<std::string>& choice, const std::string& value) {
  return choice.empty() || std::find(choice.begin(), choice.end(), value) != choice.end();
}

/// Sorted by digest: the same exposures give the same job, in whatever order they were ingested.
std::vector<BundleEntry> chosen_exposures(const Lake& lake, const NightChoice& choice) {
  std::vector<BundleEntry> entries;
  std::vector<Digest> found;
  lake.each([&](const LakeEntry& entry) {
    if (entry.kind == "exposure") found.push_back(entry.digest);
  });
  std::sort(found.begin(), found.end());
  for (const Digest& digest : found) {
    const Artifact artifact = lake.get(digest, "exposure");
    const Exposure& exposure = artifact.as<Exposure>();
    if (!among(choice.nights, exposure.night()) || !among(choice.sites, exposure.site)) continue;
    entries.push_back({"exposure", {InputRef::From::lake, digest, "exposure"}});
  }
  return entries;
}

/// The city's own network, else the shipped one.
std::optional<Digest> network_of(const City& city, Lake& lake) {
  if (const std::optional<Digest> own = city.model()) return own;
  const std::string file = shipped_network();
  if (file.empty()) return std::nullopt;
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const ByteView bytes = as_bytes(text);
  const Artifact artifact = Artifact::from_bytes("model", Bytes(bytes.begin(), bytes.end()));
  load_network(artifact);
  return lake.put(artifact);
}

Artifact read_targets(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    throw Error(ErrorKind::not_found, "cannot read the targets " + file, "no such file",
                "give a CSV with the columns id,ra,dec");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  TableSet set = read_reference_csv(text);
  Table targets("targets");
  for (Column& column : set.at("stars").columns()) targets.add(std::move(column));
  set.tables = {std::move(targets)};
  return Artifact::of("targets", std::move(set));
}

}  // namespace

Request night_request(const City& city, Lake& lake, const Settings& settings,
                      const NightChoice& choice) {
  Request request;
  request.task = "open_night";
  request.reason = "asked for by a person";
  request.label = "night";
  request.input.entries = chosen_exposures(lake, choice);
  if (request.input.entries.empty()) {
    throw Error(ErrorKind::not_found, "nothing to run in " + city.root(),
                "no exposure was ingested that fits --night and --site",
                "`polis ingest --city " + city.root() + " FILES`");
  }
  if (const std::optional<Digest> reference = city.reference()) {
    request.input.entries.push_back(
        {"reference", {InputRef::From::lake, *reference, "reference_catalog"}});
  }
  if (const std::optional<Digest> model = network_of(city, lake))
    request.input.entries.push_back({"model", {InputRef::From::lake, *model, "model"}});
  if (!settings.tasks.empty()) {
    const std::string document = write_task_settings(settings.tasks);
    const Digest digest = lake.put(Artifact::of("document", document));
    request.input.entries.push_back({"settings", {InputRef::From::lake, digest, "document"}});
  }
  if (!choice.targets_file.empty()) {
    request.input.entries.push_back(
        {"targets",
         {InputRef::From::lake, lake.put(read_targets(choice.targets_file)), "targets"}});
  }
  if (const auto found = settings.tasks.find("open_night"); found != settings.tasks.end())
    request.parameters = found->second;
  return request;
}

}  // namespace polis
