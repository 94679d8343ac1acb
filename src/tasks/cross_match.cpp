#include "sky/cross_match.h"

#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"max_sigma", "5", "pairs farther apart, in units of both position errors together, are none"},
    {"error_floor_px", "0.03", "of positions, beyond their errors [px]"},
    {"min_probability", "0.5", "that a source and a reference object are the same"},
    {"changed_sigma", "5", "magnitude difference in units of its error that counts as a change"},
    {"min_change_mag", "0.05", "smaller differences are never a change [mag]"},
    {"new_snr", "10", "S/N above which a source that the reference lacks is new"},
    {"missing_sigma", "5",
     "noise of a reference star that is not seen, beyond which it is missing: it should have been "
     "detected"},
    {"border_px", "15", "reference stars nearer to the border are not missed [px]"},
};

TaskOutput run(const Parameters& parameters, Reader& reader) {
  CrossMatchOptions options;
  options.identify.most_sigma = parameters.number("max_sigma");
  options.identify.least_probability = parameters.number("min_probability");
  options.error_floor_px = parameters.number("error_floor_px");
  options.changed_sigma = parameters.number("changed_sigma");
  options.least_change_mag = parameters.number("min_change_mag");
  options.new_snr = parameters.number("new_snr");
  options.missing_sigma = parameters.number("missing_sigma");
  options.border_px = parameters.number("border_px");
  const Artifact catalog = reader.open("catalog");
  const Artifact exposure = reader.open("exposure");
  const Artifact reference = reader.open("reference");
  // Requests follow from all frames of a field together: collect_targets makes them.
  return {Artifact::of("matches", cross_match(catalog.as<TableSet>(), exposure.as<Exposure>(),
                                              reference.as<TableSet>(), options)),
          {}};
}

}  // namespace

Task cross_match_task() {
  return {"cross_match",
          2,
          "matches",
          "compares a catalog with the reference: what is new, missing or changed (roles catalog, "
          "exposure, reference)",
          kParameters,
          run};
}

}  // namespace polis
