#pragma once

#include <vector>

#include "sky/target_list.h"
#include "tasks/frame_chain.h"

namespace polis {

/// What the matches of the frames say is new, missing or changed, as targets. Their numbers go into
/// `facts`.
std::vector<Target> matched_targets(const std::vector<FrameProducts>& frames, Reader& reader,
                                    Facts& facts);

}  // namespace polis
