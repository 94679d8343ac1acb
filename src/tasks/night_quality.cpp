#include "sky/night_quality.h"

#include "base/error.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"default_extinction", "0.12",
     "where the night's range of airmass does not tell [mag per airmass]"},
    {"min_airmass_range", "0.15", "below, the extinction is taken as the default"},
    {"clear_mag", "0.03", "a frame that is dimmed by less is clear [mag]"},
    {"photometric_scatter_mag", "0.02",
     "of clear zero points about the extinction line in a photometric night, at most"},
    {"photometric_share", "0.9", "of frames that must be clear in a photometric night"},
};

TaskOutput run(const Parameters& parameters, Reader& reader) {
  NightQualityOptions options;
  options.default_extinction = parameters.number("default_extinction");
  options.least_airmass_range = parameters.number("min_airmass_range");
  options.clear_mag = parameters.number("clear_mag");
  options.photometric_scatter_mag = parameters.number("photometric_scatter_mag");
  options.photometric_share = parameters.number("photometric_share");
  std::vector<Facts> catalogs;
  const auto entries = reader.bundle().with_role("catalog");
  for (const InputRef& entry : entries) {
    if (!reader.has(entry)) continue;
    // One catalog at a time: only its facts are kept, whatever their number.
    catalogs.push_back(reader.open(entry).as<TableSet>().facts);
    reader.progress(static_cast<double>(catalogs.size()) / static_cast<double>(entries.size()));
  }
  if (catalogs.empty())
    throw Error(ErrorKind::bad_input, "cannot judge the night", "the bundle holds no catalog");
  return {Artifact::of("night_quality", judge_night(catalogs, options)), {}};
}

}  // namespace

Task night_quality_task() {
  return {"night_quality",
          1,
          "night_quality",
          "extinction, clouds, seeing and sky of each site over a night: role catalog (many)",
          kParameters,
          run,
          true};
}

}  // namespace polis
