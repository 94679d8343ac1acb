#pragma once

#include <vector>

#include "jobs/task.h"
#include "sky/follow_candidates.h"

namespace polis {

/// Candidates of many frames, with where each list lies (to read its cut-outs).
struct AlertInputs {
  std::vector<CandidateFrame> frames;
  std::vector<InputRef> candidates;  ///< per frame
  AlertSet earlier;
  std::vector<KnownStar> known;
  std::size_t missing = 0;  ///< lists that could not be made
};

/// Roles `candidates` and `exposure` in the same order (exposures beyond the candidates belong to
/// frames that are only measured), `catalog` (in the order of the exposures; for its WCS), `alerts`
/// (of earlier runs, the latest last), `reference`. Errors: bad_input, if they do not pair up.
AlertInputs read_alert_inputs(Reader& reader);

/// Fills the cut-outs of the alerts, 63 x 63 pixels each, from the lists they came from.
void fill_cutouts(const AlertInputs& inputs, const std::vector<AlertSource>& sources,
                  Reader& reader, AlertSet& set);

}  // namespace polis
