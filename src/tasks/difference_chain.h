#pragma once

#include <string>
#include <vector>

#include "tasks/frame_chain.h"
#include "tasks/request_maker.h"

namespace polis {

struct DifferenceRules {
  int reference_nights = 1;  ///< the first nights of a field make its reference images
  bool keep_differences = false;
};

/// Asks, for the frames of one field, for what subtraction can tell: a reference image of each
/// detector and filter from the first nights, then for every frame of a later night the difference
/// and its candidates, then the alerts of each night. `catalogue`: the reference catalogue.
/// `settings`: entries that go along to what makes requests. Gives the number of frames that are to
/// be subtracted: 0 if there is no later night.
std::size_t ask_for_differences(const std::vector<FrameProducts>& frames,
                                const DifferenceRules& rules, const InputRef& catalogue,
                                const std::vector<BundleEntry>& settings, const std::string& field,
                                RequestMaker& maker);

}  // namespace polis
