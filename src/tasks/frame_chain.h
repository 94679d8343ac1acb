#pragma once

#include <optional>

#include "tasks/choose_calibrations.h"
#include "tasks/night_exposures.h"
#include "tasks/request_maker.h"

namespace polis {

/// What one science frame becomes: where its pixels and its catalog will be.
struct FrameProducts {
  NightExposure exposure;
  InputRef frame;     ///< calibrated pixels
  InputRef measured;  ///< catalog in pixels
  InputRef catalog;   ///< the same with positions on the sky and, with a reference, magnitudes
  std::optional<InputRef> matches;  ///< with a reference
};

/// The frames of a bundle whose roles exposure, frame, catalog (and matches, for all or none) stand
/// in the same order; those whose catalog could not be made are left out. Errors: bad_input, if
/// they do not pair up.
std::vector<FrameProducts> read_frame_products(Reader& reader);

/// Asks for calibrate_frame and measure_frame.
FrameProducts ask_for_catalog(const NightExposure& science, const ChosenCalibrations& masters,
                              bool keep_frame, RequestMaker& maker);
/// Goes on with solve_astrometry, calibrate_photometry and cross_match against a reference
/// catalogue.
void ask_for_matches(FrameProducts& products, const InputRef& reference, RequestMaker& maker);
/// Goes on with solve_astrometry against another frame's catalog.
void ask_for_registration(FrameProducts& products, const InputRef& anchor_catalog,
                          const InputRef& anchor_exposure, RequestMaker& maker);
/// Adds the entries exposure, frame and catalog of one frame, as read_frame_products wants them.
void add_frame(const FrameProducts& products, const InputRef& catalog, Bundle& bundle);
/// Asks for collect_targets over the frames of one field. `extra`: entries that go along (targets,
/// settings).
void ask_for_targets(const std::vector<FrameProducts>& frames,
                     const std::vector<BundleEntry>& extra, const std::string& field,
                     RequestMaker& maker);

}  // namespace polis
