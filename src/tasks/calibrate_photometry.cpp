#include "sky/photometry.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"min_snr", "20", "S/N above which a star enters the fit"},
    {"max_separation_px", "1.5",
     "between a source and its reference star, beyond their errors [px]"},
    {"isolation_fwhm", "3",
     "no other reference star of similar brightness may lie within so many FWHM"},
    {"map_order", "2", "highest order of the map of residuals over the frame, 0 (none) to 2"},
    {"clip_sigma", "3.5", "stars farther off than this many sigma are left out"},
    {"instrument_zero_point", "25", "of the magnitudes of a frame that cannot be calibrated [mag]"},
};

TaskOutput run(const Parameters& parameters, Reader& reader) {
  PhotometryOptions options;
  options.least_snr = parameters.number("min_snr");
  options.most_separation_px = parameters.number("max_separation_px");
  options.isolation_fwhm = parameters.number("isolation_fwhm");
  options.most_spatial_order = parameters.integer("map_order");
  options.clip_sigma = parameters.number("clip_sigma");
  options.instrument_zero_point = parameters.number("instrument_zero_point");

  const Artifact input = reader.open("catalog");
  TableSet catalog = input.as<TableSet>();
  const Artifact exposure = reader.open("exposure");
  ZeroPoint zero_point;
  zero_point.reason = "no reference catalogue";
  if (reader.bundle().has("reference")) {
    const Artifact reference = reader.open("reference");
    zero_point =
        fit_zero_point(catalog, exposure.as<Exposure>(), reference.as<TableSet>(), options);
  }
  write_photometry(catalog, exposure.as<Exposure>(), zero_point, options);
  return {Artifact::of("catalog", std::move(catalog)), {}};
}

}  // namespace

Task calibrate_photometry_task() {
  return {"calibrate_photometry",
          2,
          "catalog",
          "gives a catalog magnitudes: roles catalog (with WCS), exposure and reference",
          kParameters,
          run};
}

}  // namespace polis
