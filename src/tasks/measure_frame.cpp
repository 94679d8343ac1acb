#include "kernels/measure_image.h"
#include "sky/frame.h"
#include "sky/measured_catalog.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"threshold_snr", "5", "S/N of the matched filter above which a source is kept"},
    {"isophote_snr", "2.5", "S/N down to which a source reaches"},
    {"min_pixels", "3", "sources with fewer pixels are dropped"},
    {"deblend_contrast", "0.005", "least share of a blend's light for a source of its own"},
    {"deblend_prominence", "2", "least height of a blended source above its saddle [sigma]"},
    {"mesh_px", "64", "edge of a cell of the background's mesh [px]"},
    {"filter_meshes", "3", "edge of the median filter over the mesh [cells]"},
    {"fwhm_px", "0", "seeing [px]; 0: measured"},
    {"aperture_radius_px", "0", "radius of the aperture [px]; 0: aperture_fwhm times the seeing"},
    {"aperture_fwhm", "2", "radius of the aperture in units of the seeing"},
    {"kron_factor", "2.5", "radius of the Kron aperture in Kron radii"},
    {"psf_order", "2", "highest degree of the PSF's variation over the field, 0 to 2"},
    {"psf_star_snr", "40", "least S/N of stars that make the PSF"},
    {"find_hidden", "yes",
     "look again for stars in what is left when the known ones are taken away"},
};

MeasureImageSettings settings_from(const Parameters& parameters) {
  MeasureImageSettings settings;
  settings.detect.peak_snr = static_cast<float>(parameters.number("threshold_snr"));
  settings.detect.isophote_snr = static_cast<float>(parameters.number("isophote_snr"));
  settings.detect.min_pixels = parameters.integer("min_pixels");
  settings.detect.min_contrast = static_cast<float>(parameters.number("deblend_contrast"));
  settings.detect.min_prominence = static_cast<float>(parameters.number("deblend_prominence"));
  settings.background.mesh_px = parameters.integer("mesh_px");
  settings.background.filter_meshes = parameters.integer("filter_meshes");
  settings.fwhm_px = parameters.number("fwhm_px");
  settings.aperture_radius_px = parameters.number("aperture_radius_px");
  settings.aperture_fwhm = parameters.number("aperture_fwhm");
  settings.measure.kron_factor = parameters.number("kron_factor");
  settings.psf_order = parameters.integer("psf_order");
  settings.psf_star_snr = static_cast<float>(parameters.number("psf_star_snr"));
  settings.find_hidden = parameters.flag("find_hidden");
  return settings;
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const Artifact input = reader.open("frame");
  const auto& frame = input.as<Frame>();
  const MeasuredImage image = measure_image(frame.pixels.view(), frame.variance.view(),
                                            frame.mask.view(), settings_from(parameters));
  TableSet catalog = catalog_of(image);
  for (const auto& [name, value] : frame.facts)
    if (name.starts_with("caveat_")) catalog.facts.emplace(name, value);
  return {Artifact::of("catalog", std::move(catalog)), {}};
}

}  // namespace

Task measure_frame_task() {
  return {"measure_frame", 4,  "catalog", "finds and measures the sources of a frame: role frame",
          kParameters,     run};
}

}  // namespace polis
