#include "tasks/alert_inputs.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "sky/catalog_stars.h"
#include "sky/time.h"
#include "sky/wcs_facts.h"

namespace polis {
namespace {

constexpr std::int64_t kSide = 63;
constexpr auto kPixels = static_cast<std::size_t>(kSide * kSide);

/// The best WCS of a frame: its catalog's, else its exposure's.
Wcs wcs_for(const std::vector<InputRef>& catalogs, std::size_t i, const Exposure& exposure,
            Reader& reader) {
  if (i < catalogs.size() && reader.has(catalogs[i])) {
    const Artifact artifact = reader.open(catalogs[i]);
    const Wcs wcs = wcs_from(artifact.as<TableSet>().facts);
    artifact.drop_decoded();
    if (wcs.valid) return wcs;
  }
  return exposure.wcs;
}

std::vector<KnownStar> read_known(Reader& reader, double mjd) {
  std::vector<KnownStar> known;
  if (!reader.bundle().has("reference")) return known;
  const Artifact artifact = reader.open("reference");
  const Table& table = artifact.as<TableSet>().at("stars");
  const std::vector<ReferenceStar> stars = reference_stars(table, julian_year(mjd), "r");
  const bool has_id =
      table.has("id") && std::holds_alternative<std::vector<std::int64_t>>(table.at("id").values);
  for (std::size_t i = 0; i < stars.size(); ++i) {
    const std::int64_t id =
        has_id ? table.get<std::int64_t>("id")[i] : static_cast<std::int64_t>(i) + 1;
    known.push_back({id, stars[i].position, stars[i].magnitude});
  }
  return known;
}

/// The last run: it holds what those before it knew.
AlertSet read_earlier(Reader& reader) {
  AlertSet earlier;
  for (const InputRef& ref : reader.bundle().with_role("alerts")) {
    if (!reader.has(ref)) continue;
    earlier = read_alerts(reader.open(ref).as<TableSet>());
  }
  return earlier;
}

void copy_cutout(const NumberArray& from, std::size_t row, NumberArray& to) {
  const bool usual = from.shape.size() == 3 && from.shape[1] == kSide && from.shape[2] == kSide;
  if (!usual || from.values.size() < (row + 1) * kPixels) {
    throw Error(ErrorKind::bad_input, "cannot take the cut-outs of the candidates",
                "array " + from.name + " is not [candidate][63][63]");
  }
  const auto begin = from.values.begin() + static_cast<std::ptrdiff_t>(row * kPixels);
  to.values.insert(to.values.end(), begin, begin + static_cast<std::ptrdiff_t>(kPixels));
}

NumberArray empty_array(const char* name, const char* what, std::size_t alerts) {
  NumberArray array{name,
                    "electron",
                    std::string(what) + " [alert][y][x]",
                    {static_cast<std::int64_t>(alerts), kSide, kSide},
                    {}};
  array.values.reserve(alerts * kPixels);
  return array;
}

}  // namespace

AlertInputs read_alert_inputs(Reader& reader) {
  const Bundle& bundle = reader.bundle();
  const auto candidates = bundle.with_role("candidates"), exposures = bundle.with_role("exposure"),
             catalogs = bundle.with_role("catalog");
  if (candidates.size() > exposures.size() ||
      (!catalogs.empty() && catalogs.size() != exposures.size())) {
    throw Error(ErrorKind::bad_input, "cannot read the candidates of the field",
                "the bundle's candidates, exposures and catalogs do not pair up");
  }
  AlertInputs inputs;
  double latest = kUnknown;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!reader.has(candidates[i]) || !reader.has(exposures[i])) {
      ++inputs.missing;
      continue;
    }
    const Artifact exposure_artifact = reader.open(exposures[i]);
    const auto& exposure = exposure_artifact.as<Exposure>();
    const Artifact artifact = reader.open(candidates[i]);
    inputs.frames.push_back(
        read_candidates(artifact.as<TableSet>(), exposure, wcs_for(catalogs, i, exposure, reader)));
    inputs.candidates.push_back(candidates[i]);
    artifact.drop_decoded();
    latest = std::fmax(latest, inputs.frames.back().frame.mjd_mid);
  }
  inputs.earlier = read_earlier(reader);
  inputs.known = read_known(reader, latest);
  return inputs;
}

void fill_cutouts(const AlertInputs& inputs, const std::vector<AlertSource>& sources,
                  Reader& reader, AlertSet& set) {
  const std::size_t alerts = sources.size();
  set.science = empty_array("science", "science frame, background subtracted", alerts);
  set.reference = empty_array("template", "reference, background subtracted", alerts);
  set.difference = empty_array("difference", "science minus reference", alerts);
  std::map<std::size_t, Artifact> opened;
  for (const AlertSource& source : sources) {
    auto found = opened.find(source.frame);
    if (found == opened.end())
      found = opened.emplace(source.frame, reader.open(inputs.candidates[source.frame])).first;
    const auto& tables = found->second.as<TableSet>();
    for (NumberArray* array : {&set.science, &set.reference, &set.difference})
      copy_cutout(tables.array(array->name), source.candidate, *array);
  }
}

}  // namespace polis
