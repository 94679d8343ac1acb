#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>

#include "base/error.h"
#include "kernels/source_flags.h"
#include "sky/target_list.h"
#include "sky/wcs_facts.h"
#include "tasks/frame_chain.h"
#include "tasks/match_targets.h"
#include "tasks/number_list.h"
#include "tasks/target_tables.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"min_snr", "20", "S/N above which a source becomes a target"},
    {"least_seen_share", "0.1",
     "a star is a target if it was found in at least this share of the frames"},
    {"max_targets", "5000", "at most this many targets per field: the brightest"},
    {"match_radius_px", "2", "sources of two frames nearer than this are the same [px]"},
    {"min_frames", "5", "fewer frames of one detector and filter give no light curve"},
    {"aperture_radii_fwhm", "0.8,1,1.2,1.4,1.6,1.8,2,2.5,3",
     "radii of forced photometry, in the median FWHM of the frames"},
    {"annulus_fwhm", "4,6.5",
     "the sky ring of forced photometry: inner and outer radius, in the median FWHM"},
    {"pixel_targets", "",
     "positions to measure besides: name,exposure_id,x,y; ... in 0-based pixels of that exposure"},
};

/// A position that a person gave in pixels of one exposure.
struct PixelTarget {
  std::string name, exposure_id;
  PixelPosition position;
};

std::vector<PixelTarget> read_pixel_targets(const std::string& text) {
  std::vector<PixelTarget> targets;
  std::istringstream rows(text);
  for (std::string row; std::getline(rows, row, ';');) {
    if (row.find_first_not_of(" \t") == std::string::npos) continue;
    std::istringstream fields(row);
    PixelTarget target;
    char comma = 0;
    std::getline(fields >> std::ws, target.name, ',');
    std::getline(fields >> std::ws, target.exposure_id, ',');
    if (!(fields >> target.position.x >> comma >> target.position.y) || comma != ',') {
      throw Error(ErrorKind::bad_config, "cannot read collect_targets.pixel_targets",
                  "'" + row + "' is not name,exposure_id,x,y",
                  "write e.g. HAT-P-32,frame_0001,424,286");
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

std::vector<Sighting> sightings_of(const TableSet& catalog, double min_snr) {
  const Table& sources = catalog.at("sources");
  const auto& snr = sources.get<float>("snr");
  const auto& flags = sources.get<std::int32_t>("flags");
  const auto& ra = sources.get<double>("ra");
  const auto& dec = sources.get<double>("dec");
  const auto& flux = sources.get<double>("flux_psf");
  constexpr std::int32_t kNoStar =
      source_flags::edge | source_flags::too_large | source_flags::psf_failed;
  std::vector<Sighting> sightings;
  for (std::size_t i = 0; i < sources.rows(); ++i) {
    if (snr[i] > min_snr && (flags[i] & kNoStar) == 0)
      sightings.push_back({{ra[i], dec[i]}, flux[i]});
  }
  return sightings;
}

/// The middle of the first frame that has a WCS; `scale`: its pixels.
bool find_centre(const std::vector<FrameProducts>& frames, Reader& reader, SkyPosition& centre,
                 double& scale) {
  for (const FrameProducts& products : frames) {
    const Wcs wcs = wcs_from(reader.open(products.catalog).as<TableSet>().facts);
    if (!wcs.valid) continue;
    const Exposure& exposure = products.exposure.exposure;
    centre = wcs.to_sky({0.5 * exposure.width, 0.5 * exposure.height});
    scale = wcs.pixel_scale_arcsec();
    return true;
  }
  return false;
}

/// What collecting found out about a frame.
struct FrameState {
  bool solved = false;
  double fwhm_px = kUnknown;
};

double fwhm_of(const Facts& facts) {
  const auto found = facts.find("fwhm_px");
  return found == facts.end() ? kUnknown : std::strtod(found->second.c_str(), nullptr);
}

std::vector<Target> gather(const Parameters& parameters, Reader& reader,
                           const std::vector<FrameProducts>& frames,
                           std::vector<FrameState>& states, Facts& facts) {
  SkyPosition centre;
  double scale = 0.0;
  if (!find_centre(frames, reader, centre, scale)) {
    facts["caveat_targets"] = "no frame of the field has a WCS: nothing to follow";
    return {};
  }
  const double radius = parameters.number("match_radius_px") * scale;
  TargetList list(centre, radius);
  const auto pixel_targets = read_pixel_targets(parameters.text("pixel_targets"));
  std::vector<Target> special;
  std::size_t solved = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const FrameProducts& products = frames[i];
    const Artifact artifact = reader.open(products.catalog);
    const auto& catalog = artifact.as<TableSet>();
    const Wcs wcs = wcs_from(catalog.facts);
    if (!wcs.valid) continue;
    ++solved;
    states[i] = {true, fwhm_of(catalog.facts)};
    list.add_frame(sightings_of(catalog, parameters.number("min_snr")));
    for (const PixelTarget& target : pixel_targets) {
      if (target.exposure_id != products.exposure.exposure.exposure_id) continue;
      special.push_back({target.name, wcs.to_sky(target.position), "user", 0.0, 0});
    }
    artifact.drop_decoded();
  }
  if (reader.bundle().has("targets")) {
    const Artifact asked = reader.open("targets");
    for (const Target& target : targets_from(asked.as<TableSet>().at("targets")))
      special.push_back(target);
  }
  for (const Target& target : matched_targets(frames, reader, centre, radius, facts))
    special.push_back(target);
  for (const Target& target : special) list.add(target);
  facts["frames_solved"] = std::to_string(solved);
  const double least_seen =
      std::max(1.0, parameters.number("least_seen_share") * static_cast<double>(solved));
  return list.select(static_cast<std::int32_t>(std::lround(least_seen)),
                     static_cast<std::size_t>(std::max(0, parameters.integer("max_targets"))));
}

/// Frames of one detector and filter: their forced photometry shares its circles.
struct CurveGroup {
  std::vector<const FrameProducts*> frames;
  std::vector<double> fwhm_px;
};

std::map<std::string, CurveGroup> group_frames(const std::vector<FrameProducts>& frames,
                                               const std::vector<FrameState>& states) {
  std::map<std::string, CurveGroup> groups;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (!states[i].solved) continue;
    const Exposure& exposure = frames[i].exposure.exposure;
    CurveGroup& group = groups[detector_name(exposure) + " " + exposure.physical_filter];
    group.frames.push_back(&frames[i]);
    if (states[i].fwhm_px > 0.0) group.fwhm_px.push_back(states[i].fwhm_px);
  }
  return groups;
}

/// Circles and sky ring in pixels, from the group's median FWHM; the task's defaults where it is
/// not known.
ParameterMap apertures_for(const Parameters& parameters, CurveGroup& group) {
  if (group.fwhm_px.empty()) return {};
  const auto middle = group.fwhm_px.begin() + static_cast<std::ptrdiff_t>(group.fwhm_px.size() / 2);
  std::nth_element(group.fwhm_px.begin(), middle, group.fwhm_px.end());
  const auto scaled = [&](std::string_view name) {
    std::vector<double> values =
        parse_numbers(parameters.text(name), "collect_targets." + std::string(name));
    for (double& value : values) value = std::round(value * *middle * 100.0) / 100.0;
    return values;
  };
  const std::vector<double> ring = scaled("annulus_fwhm");
  if (ring.size() != 2) {
    throw Error(ErrorKind::bad_config, "cannot read collect_targets.annulus_fwhm",
                "it is not two numbers", "write inner,outer");
  }
  return {{"aperture_radii_px", format_numbers(scaled("aperture_radii_fwhm"))},
          {"annulus_inner_px", format_number(ring[0])},
          {"annulus_outer_px", format_number(ring[1])}};
}

/// Light curves from forced photometry, and their description.
void ask_for_curves(const std::string& name, std::vector<InputRef> forced, const InputRef& targets,
                    RequestMaker& maker) {
  Request build;
  build.task = "build_light_curves";
  build.input.entries.push_back(input("targets", targets));
  build.cost = 0.05 * static_cast<double>(forced.size());
  for (InputRef& ref : forced) build.input.entries.push_back(input("forced", std::move(ref)));
  build.label = name;
  build.group = "curves " + name;
  build.reason = "forced photometry of one detector and filter";
  Request describe;
  describe.task = "describe_light_curves";
  describe.label = name;
  describe.group = build.group;
  describe.cost = build.cost;
  describe.reason = "new light curves";
  describe.input.entries.push_back(input("light_curves", maker.add(std::move(build))));
  if (maker.settings_entry()) describe.input.entries.push_back(*maker.settings_entry());
  maker.add(std::move(describe));
}

void ask_for_photometry(const Parameters& parameters, std::map<std::string, CurveGroup> groups,
                        const InputRef& targets, RequestMaker& maker) {
  for (auto& [name, group] : groups) {
    const ParameterMap apertures = apertures_for(parameters, group);
    std::vector<InputRef> forced;
    for (const FrameProducts* products : group.frames) {
      const Exposure& exposure = products->exposure.exposure;
      Request request;
      request.task = "forced_photometry";
      request.input.entries = {input("frame", products->frame), input("catalog", products->catalog),
                               input("targets", targets)};
      request.parameters = apertures;
      request.label = label_of(exposure);
      request.group = calibration_group(exposure);
      request.cost = 0.3;
      request.reason = "targets of the field";
      forced.push_back(maker.add(std::move(request)));
    }
    if (static_cast<int>(forced.size()) >= parameters.integer("min_frames")) {
      ask_for_curves(name, std::move(forced), targets, maker);
    }
  }
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const std::vector<FrameProducts> frames = read_frame_products(reader);
  RequestMaker maker(reader);
  TableSet set;
  std::vector<FrameState> states(frames.size());
  const std::vector<Target> targets = gather(parameters, reader, frames, states, set.facts);
  set.tables.push_back(targets_table(targets));
  set.facts["targets"] = std::to_string(targets.size());
  const Task self = collect_targets_task();
  const InputRef own{InputRef::From::job,
                     job_key(self.name, self.version, parameters.values(), reader.bundle()),
                     "targets"};
  if (!targets.empty()) ask_for_photometry(parameters, group_frames(frames, states), own, maker);
  return {Artifact::of("targets", std::move(set)), maker.take()};
}

}  // namespace

Task collect_targets_task() {
  return {"collect_targets",
          1,
          "targets",
          "lists what is to be followed in a field: roles exposure, frame, catalog, matches, "
          "targets, settings",
          kParameters,
          run,
          true};
}

}  // namespace polis
