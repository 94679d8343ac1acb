#include <cmath>

#include "base/error.h"
#include "base/number_text.h"
#include "kernels/background.h"
#include "kernels/difference.h"
#include "kernels/resample.h"
#include "sky/catalog_stars.h"
#include "sky/pixel_grid.h"
#include "sky/wcs_facts.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"kernel_radius_px", "10", "the matching kernel has 2 x this + 1 pixels on a side"},
    {"kernel_order", "2", "highest degree of the kernel's variation over the field"},
    {"background_order", "2", "highest degree of the difference of the skies"},
    {"least_overlap", "0.2",
     "a frame of which the reference covers less than this share is refused"},
};

DifferenceSettings settings_from(const Parameters& parameters) {
  DifferenceSettings settings;
  settings.kernel_radius_px = parameters.integer("kernel_radius_px");
  settings.kernel_order = parameters.integer("kernel_order");
  settings.background_order = parameters.integer("background_order");
  return settings;
}

/// The reference on the pixels of the frame.
struct Template {
  Plane<float> pixels, variance;
  Plane<MaskPixel> mask;
  Facts facts;
};

/// The reference itself is let go again: its memory is wanted for the subtraction.
Template warp_reference(Reader& reader, const Frame& frame, const Wcs& wcs) {
  const Artifact artifact = reader.open("reference_image");
  const auto& reference = artifact.as<Frame>();
  const auto width = frame.pixels.width(), height = frame.pixels.height();
  Template on_frame{Plane<float>(width, height), Plane<float>(width, height),
                    Plane<MaskPixel>(width, height), reference.facts};
  const PixelGrid grid{wcs, static_cast<int>(width), static_cast<int>(height)};
  resample({reference.pixels.view(), reference.variance.view(), reference.mask.view()},
           map_pixels(grid, reference.wcs),
           {on_frame.pixels.view(), on_frame.variance.view(), on_frame.mask.view()});
  return on_frame;
}

double share_with_value(const Plane<float>& pixels) {
  std::ptrdiff_t count = 0;
  for (const float* p = pixels.data(); p != pixels.data() + pixels.size(); ++p)
    count += std::isfinite(*p) ? 1 : 0;
  return pixels.empty() ? 0.0 : static_cast<double>(count) / static_cast<double>(pixels.size());
}

void write_facts(const Difference& difference, const Facts& catalog, const Facts& reference,
                 Facts& facts) {
  const DifferenceQuality& q = difference.quality;
  facts["kernel_stars"] = std::to_string(q.stars_used);
  facts["kernel_star_chi2"] = number_text(q.star_chi2);
  facts["flux_ratio"] = number_text(q.flux_ratio);
  facts["noise_scale"] = number_text(q.noise_scale);
  facts["convolved"] = difference.convolved_reference ? "reference" : "science";
  for (const char* name : {"fwhm_px", "zero_point_mag", "zero_point_err_mag"}) {
    const auto found = catalog.find(name);
    if (found != catalog.end()) facts[name] = found->second;
  }
  for (const char* name : {"reference_exposures", "reference_mjd_first", "reference_mjd_last"}) {
    const auto found = reference.find(name);
    if (found != reference.end()) facts[name] = found->second;
  }
  for (const auto& [name, text] : catalog)
    if (name.starts_with("caveat_")) facts.emplace(name, text);
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const Artifact catalog_artifact = reader.open("catalog");
  const Facts& catalog = catalog_artifact.as<TableSet>().facts;
  const Wcs wcs = wcs_from(catalog);
  if (!wcs.valid || catalog.contains("caveat_astrometry")) {
    throw Error(ErrorKind::no_result, "cannot subtract the reference",
                "the frame has no WCS that was checked against stars");
  }
  const Artifact frame_artifact = reader.open("frame");
  const auto& frame = frame_artifact.as<Frame>();
  Template warped = warp_reference(reader, frame, wcs);
  if (const double share = share_with_value(warped.pixels);
      share < parameters.number("least_overlap")) {
    throw Error(ErrorKind::no_result, "cannot subtract the reference",
                "it covers only " + number_text(std::round(100.0 * share)) + " % of the frame",
                "ingest more frames of the field, or lower subtract_reference.least_overlap");
  }
  Plane<float> science = frame.pixels;
  subtract_background(estimate_background(science.view(), frame.mask.view()), science.view());
  Difference difference =
      subtract_frames({science.view(), frame.variance.view(), frame.mask.view()},
                      {warped.pixels.view(), warped.variance.view(), warped.mask.view()},
                      settings_from(parameters));
  if (difference.empty()) {
    throw Error(ErrorKind::no_result, "cannot subtract the reference",
                "no kernel could be fitted on " + std::to_string(difference.quality.stars_found) +
                    " stars");
  }
  Frame product;
  product.exposure = frame.exposure;
  product.unit = frame.unit;
  product.wcs = wcs;
  write_facts(difference, catalog, warped.facts, product.facts);
  product.pixels = std::move(difference.difference);
  product.variance = std::move(difference.variance);
  product.mask = std::move(difference.mask);
  product.layers["SCORE"] = std::move(difference.score);
  product.layers["SCIENCE"] = std::move(science);
  product.layers["TEMPLATE"] = std::move(warped.pixels);
  return {Artifact::of("difference", std::move(product)), {}};
}

}  // namespace

Task subtract_reference_task() {
  return {
      "subtract_reference",
      1,
      "difference",
      "a frame minus the reference image of its field, matched in seeing and light: roles frame, "
      "catalog, reference_image",
      kParameters,
      run};
}

}  // namespace polis
