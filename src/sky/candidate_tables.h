#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/candidates.h"
#include "kernels/view.h"
#include "sky/candidate.h"
#include "sky/table.h"
#include "sky/wcs.h"

namespace polis {

inline constexpr int kCutOutSide = 63;  ///< pixels; odd

/// What stood near a candidate before.
struct HostMatch {
  double distance_px = kUnknown;  ///< on the frame of the candidate; NaN: nothing near
  double mag = kUnknown;
  bool extended = false;
};

/// What a candidate's row needs besides its pixels.
struct CandidateContext {
  Wcs wcs;
  double zero_point_mag = kUnknown;  ///< 1 electron/s gives this
  double exposure_time_s = kUnknown;
  std::vector<HostMatch> hosts;         ///< one per source
  std::vector<std::int64_t> known_ids;  ///< one per source; 0: none
};

/// Rows of docs/formats/candidates.md, numbered from 1, with position and magnitude.
std::vector<Candidate> candidates_from(const std::vector<DifferenceSource>& sources,
                                       const CandidateContext& context);

/// Table `candidates`; with the columns of the classes if a network has judged them.
Table candidates_table(std::span<const Candidate> candidates, bool judged);

/// Squares of kCutOutSide around each candidate's peak: [candidate][y][x]. NaN outside the image.
NumberArray cut_outs(std::string name, View<const float> image,
                     std::span<const Candidate> candidates, std::string unit);

}  // namespace polis
