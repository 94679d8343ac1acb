#pragma once

#include <string>
#include <vector>

#include "sky/candidate.h"

namespace polis {

/// A frame of 30 x 30 arcmin about `centre`, pixels of one arcsec, north up, east to the left.
CandidateFrame searched_frame(const std::string& id, double mjd, SkyPosition centre,
                              const std::string& site = "hill", const std::string& filter = "r");
/// Adds a candidate with the position error of its S/N; `probability` NaN: no network.
Candidate& add_candidate(CandidateFrame& frame, SkyPosition place, double mag, double probability);
/// `place`, moved. [arcsec]
SkyPosition moved(SkyPosition place, double east, double north);

}  // namespace polis
