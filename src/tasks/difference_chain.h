#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tasks/frame_chain.h"
#include "tasks/request_maker.h"

namespace polis {

struct DifferenceRules {
  int reference_nights = 1;  ///< the first nights of a field make its reference images
  bool keep_differences = false;
};

/// What frames are compared with besides their own past.
struct DifferenceCompanions {
  InputRef catalogue;               ///< the reference catalogue
  std::optional<InputRef> network;  ///< that judges candidates
  std::optional<BundleEntry> settings;
};

/// Asks, for the frames of one field, for what subtraction can tell: a reference image of each
/// detector and filter from the first nights, then for every frame of a later night the difference
/// and its candidates, judged by the network if there is one, then the alerts of each night. Gives
/// the number of frames that are to be subtracted: 0 if there is no later night.
std::size_t ask_for_differences(const std::vector<FrameProducts>& frames,
                                const DifferenceRules& rules,
                                const DifferenceCompanions& companions, const std::string& field,
                                RequestMaker& maker);

}  // namespace polis
