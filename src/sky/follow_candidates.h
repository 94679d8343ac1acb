#pragma once

#include <optional>
#include <vector>

#include "sky/alert.h"
#include "sky/associate.h"
#include "sky/movers.h"

namespace polis {

/// What a candidate must look like where no network has judged it: a point source, alone.
struct PlainCut {
  double least_snr = 7.0;
  double most_elongation = 1.8;
  double least_fwhm_ratio = 0.6, most_fwhm_ratio = 1.8;  ///< width over that of the frame's stars
  double most_dipole = 0.3;
  std::int32_t most_negative_pixels = 8, most_masked_pixels = 0;
};
/// Numbers that are not known pass.
bool passes(const PlainCut& cut, const Candidate& candidate, const SearchedFrame& frame);
bool is_judged(const Candidate& candidate);  ///< by a network

struct FollowSettings {
  double min_probability = 0.8;      ///< p_real_transient above which a new detection is an alert
  double history_probability = 0.2;  ///< above which a candidate is a detection of an object
  double mover_probability = 0.5;    ///< above which it may belong to a moving one
  double history_days = 30.0;       ///< limits and detections without an alert are kept for so long
  int most_alerts_per_frame = 100;  ///< the most probable
  double known_radius_arcsec = 2.0;
  std::size_t most_mover_points = 3000;  ///< of one site, tried as moving: the most probable
  PlainCut cut;                          ///< decides alone where no network has judged
  AssociateSettings associate;
  MoverSettings movers;
};

/// A star of the reference catalogue, at the epoch of the frames.
struct KnownStar {
  std::int64_t id = 0;
  SkyPosition position;
  double mag = kUnknown;
};

/// Where an alert's cut-outs come from.
struct AlertSource {
  std::size_t frame = 0;      ///< index into `frames` as given
  std::size_t candidate = 0;  ///< row of its candidates
};

struct Followed {
  AlertSet set;                      ///< without cut-outs
  std::vector<AlertSource> sources;  ///< per alert
  std::size_t dropped = 0;           ///< alerts beyond the most per frame
  std::size_t repeated = 0;          ///< detections that had raised an alert before
  std::size_t untried = 0;           ///< detections that were too many to be tried as moving
};

/// Joins the candidates of many frames to objects at rest or moving, goes on with the objects of
/// `earlier` runs, and raises an alert for each new detection that is real. Frames may come in any
/// order. A candidate of a frame that an earlier run has seen, at the place of a detection there,
/// is that detection, so it raises no second alert.
Followed follow_candidates(const AlertSet& earlier, const std::vector<CandidateFrame>& frames,
                           const std::vector<KnownStar>& known, const FollowSettings& settings);

/// `known_star` (a star of the reference catalogue changed), `variable` (at the place of an
/// uncatalogued star), `galaxy` (in or near one), `orphan` (nothing there), `moving`, `pair`
/// (moving, two detections only).
std::string tag_of(const SkyObject& object, const SkyDetection& latest);

}  // namespace polis
