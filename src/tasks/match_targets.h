#pragma once

#include <vector>

#include "sky/target_list.h"
#include "tasks/frame_chain.h"

namespace polis {

/// What the matches of the frames (docs/formats/matches.md) say is new, missing or changed, as
/// targets about `centre`. Rows of several frames within `radius_arcsec` are one. Where a field has
/// more than one frame a thing must be found in at least two: a single frame shows too much that is
/// not there. Numbers go into `facts`.
std::vector<Target> matched_targets(const std::vector<FrameProducts>& frames, Reader& reader,
                                    SkyPosition centre, double radius_arcsec, Facts& facts);

}  // namespace polis
