#pragma once

#include <vector>

#include "sky/follow_candidates.h"

namespace polis {

/// A detection on its way into the product.
struct HistoryRow {
  SkyDetection detection;
  std::int32_t earlier_object = -1;  ///< row of the earlier run's objects; -1: new in this run
  AlertSource source;                ///< of a new one
  bool is_new() const { return earlier_object < 0; }
};

/// Frames and detections of earlier runs and of this one.
struct SkyHistory {
  std::vector<SearchedFrame> frames;  ///< by time, then key
  std::vector<HistoryRow> rows;       ///< by frame; earlier ones first, then as they came
  std::size_t repeated = 0;           ///< candidates that an earlier run has raised an alert for
  std::size_t untried = 0;            ///< detections that were too many to be tried as moving
  const SearchedFrame& frame_of(const HistoryRow& row) const {
    return frames[static_cast<std::size_t>(row.detection.frame)];
  }
};

/// Would `c` pass: by its probability, or by the plain cut where no network has judged it.
bool is_above(const Candidate& c, const SearchedFrame& frame, double probability,
              const PlainCut& cut);

SkyHistory gather_history(const AlertSet& earlier, const std::vector<CandidateFrame>& frames,
                          const FollowSettings& settings);

/// Joins the rows to objects (their `object` is set) and describes these: those of the earlier run
/// first, in order, then new ones.
std::vector<SkyObject> sort_into_objects(SkyHistory& history, const AlertSet& earlier,
                                         const std::vector<KnownStar>& known,
                                         const FollowSettings& settings);

/// 1 sigma of a candidate's position, per axis. [arcsec]
double error_arcsec(const Candidate& c, const SearchedFrame& frame);

}  // namespace polis
