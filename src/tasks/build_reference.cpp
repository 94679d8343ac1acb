#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "kernels/background.h"
#include "kernels/calibrate.h"
#include "kernels/resample.h"
#include "kernels/scale.h"
#include "sky/catalog_stars.h"
#include "sky/choose_frames.h"
#include "sky/pixel_grid.h"
#include "sky/wcs_facts.h"
#include "tasks/detector_frame.h"
#include "tasks/frame_chain.h"
#include "tasks/stack.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"seeing_factor", "1.3", "frames with a seeing up to this times the best are taken"},
    {"depth_range_mag", "1", "frames shallower than the deepest by more are not [mag]"},
    {"least_frames", "3", "fewer good frames than this: the next best are taken too"},
    {"most_frames", "25", "at most this many frames: the best"},
    {"clip_sigma", "4", "values farther from the median than this are left out [sigma]"},
    {"relative_error", "0.25",
     "how far stars of different seeing may differ, relative: nothing is clipped for less"},
    {"max_px", "20000", "longest side of a reference image [px]"},
};

/// A frame that may enter, with what its catalog says.
struct Source {
  FrameProducts products;
  Facts facts;
  FrameGrade grade;
  PixelGrid grid;
};

std::vector<Source> read_sources(Reader& reader) {
  std::vector<Source> sources;
  for (FrameProducts& products : read_frame_products(reader)) {
    if (!reader.has(products.frame)) continue;
    Source source{std::move(products), {}, {}, {}};
    source.facts = reader.open(source.products.catalog).as<TableSet>().facts;
    const Exposure& exposure = source.products.exposure.exposure;
    source.grid = {wcs_from(source.facts), exposure.width, exposure.height};
    const bool placed = source.grid.wcs.valid && !source.facts.contains("caveat_astrometry");
    const double fwhm = number_of(source.facts, "fwhm_px");
    source.grade.fwhm_arcsec = placed ? fwhm * source.grid.wcs.pixel_scale_arcsec() : 0.0;
    source.grade.limiting_mag = number_of(source.facts, "limiting_mag");
    source.grade.usable =
        placed && source.grade.fwhm_arcsec > 0.0 && std::isfinite(source.grade.limiting_mag) &&
        std::isfinite(number_of(source.facts, "zero_point_mag")) && exposure.exposure_time_s > 0.0;
    sources.push_back(std::move(source));
  }
  return sources;
}

std::vector<Source> choose_sources(const Parameters& parameters, std::vector<Source> all) {
  std::vector<FrameGrade> grades;
  for (const Source& source : all) grades.push_back(source.grade);
  const FrameChoice choice{parameters.number("seeing_factor"), parameters.number("depth_range_mag"),
                           parameters.integer("least_frames"), parameters.integer("most_frames")};
  std::vector<Source> chosen;
  for (const std::size_t i : choose_frames(grades, choice)) chosen.push_back(std::move(all[i]));
  if (chosen.empty()) {
    throw Error(ErrorKind::no_result, "cannot build a reference image",
                "none of " + std::to_string(all.size()) +
                    " frames has a WCS, a zero point and a measured seeing");
  }
  return chosen;
}

/// What the light of `source` is multiplied with to look like that of `first`.
double flux_scale(const Source& source, const Source& first) {
  const auto level = [](const Source& s) {
    return number_of(s.facts, "zero_point_mag") +
           2.5 * std::log10(s.products.exposure.exposure.exposure_time_s);
  };
  return std::pow(10.0, 0.4 * (level(first) - level(source)));
}

/// One frame without its sky, on the reference's grid. Pixels that must not enter are NaN.
StackPlane warp(const Frame& frame, const Source& source, const PixelGrid& grid, double scale) {
  Plane<float> pixels = frame.pixels;
  subtract_background(estimate_background(pixels.view(), frame.mask.view()), pixels.view());
  StackPlane plane;
  plane.pixels = Plane<float>(grid.width, grid.height);
  Plane<float> variance(grid.width, grid.height);
  Plane<MaskPixel> mask(grid.width, grid.height);
  resample({pixels.view(), frame.variance.view(), frame.mask.view()},
           map_pixels(grid, source.grid.wcs), {plane.pixels.view(), variance.view(), mask.view()});
  blank_masked(plane.pixels.view(), mask.view(), mask_bits::unusable);
  const double rms = number_of(source.facts, "sky_rms_e");
  plane.scale = static_cast<float>(scale);
  plane.noise.push_back({static_cast<float>(scale * scale * rms * rms), plane.scale});
  return plane;
}

Amplifier whole(const PixelGrid& grid) {
  Amplifier amplifier;
  amplifier.data = {0, 0, grid.width, grid.height};
  return amplifier;
}

/// The reference speaks as an exposure of its best frame would, on its own grid.
Exposure exposure_of(const std::vector<Source>& sources, const PixelGrid& grid) {
  Exposure exposure = sources.front().products.exposure.exposure;
  exposure.exposure_id = "reference_" + exposure.exposure_id;
  exposure.raw = {};
  exposure.wcs = grid.wcs;
  exposure.width = exposure.raw_width = grid.width;
  exposure.height = exposure.raw_height = grid.height;
  exposure.amplifiers = {whole(grid)};
  exposure.pixel_scale_arcsec = grid.wcs.pixel_scale_arcsec();
  exposure.tracking_ra_deg = grid.wcs.reference.ra_deg;
  exposure.tracking_dec_deg = grid.wcs.reference.dec_deg;
  exposure.linearity.clear();
  exposure.saturation_adu = exposure.nonlinear_adu = kUnknown;
  return exposure;
}

void write_facts(const std::vector<Source>& sources, std::size_t given, Frame& frame) {
  Facts& facts = frame.facts;
  std::string ids;
  double first = INFINITY, last = -INFINITY;
  for (const Source& source : sources) {
    const Exposure& exposure = source.products.exposure.exposure;
    ids.append(ids.empty() ? "" : " ").append(exposure.exposure_id);
    first = std::min(first, exposure.mjd_mid);
    last = std::max(last, exposure.mjd_mid);
  }
  facts["exposures"] = ids;
  facts["reference_exposures"] = std::to_string(sources.size());
  facts["reference_mjd_first"] = number_text(first);
  facts["reference_mjd_last"] = number_text(last);
  facts["frames_left_out"] = std::to_string(given - sources.size());
  for (const char* name : {"zero_point_mag", "zero_point_err_mag"}) {
    const auto found = sources.front().facts.find(name);
    if (found != sources.front().facts.end()) facts[name] = found->second;
  }
  if (sources.size() < 3) {
    facts["caveat_few_frames"] = "made from " + std::to_string(sources.size()) +
                                 " frames: what moved or flared in them remains";
  }
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  std::vector<Source> all = read_sources(reader);
  const std::size_t given = all.size();
  const std::vector<Source> sources = choose_sources(parameters, std::move(all));
  std::vector<PixelGrid> grids;
  for (const Source& source : sources) grids.push_back(source.grid);
  const PixelGrid grid =
      covering_grid(grids, grids.front().wcs.pixel_scale_arcsec(), parameters.integer("max_px"));
  CombineOptions options;
  options.clip_sigma = static_cast<float>(parameters.number("clip_sigma"));
  options.relative_error = static_cast<float>(parameters.number("relative_error"));
  const auto load = [&](std::size_t i) {
    reader.progress(static_cast<double>(i) / static_cast<double>(sources.size()));
    const Artifact frame = reader.open(sources[i].products.frame);
    return warp(frame.as<Frame>(), sources[i], grid, flux_scale(sources[i], sources.front()));
  };
  const Exposure exposure = exposure_of(sources, grid);
  Frame reference = master_from(stack_exposures(sources.size(), {whole(grid)}, options, load),
                                {exposure}, ImageType::science, "electron", 1);
  reference.exposure = exposure;
  reference.wcs = grid.wcs;
  reference.facts.clear();
  write_facts(sources, given, reference);
  return {Artifact::of("coadd", std::move(reference)), {}};
}

}  // namespace

Task build_reference_task() {
  return {"build_reference",
          1,
          "coadd",
          "the deep image of a field in one filter, from the best of its frames: roles exposure, "
          "frame, catalog in the same order",
          kParameters,
          run,
          true};
}

}  // namespace polis
