#pragma once

#include <vector>

#include "kernels/candidates.h"
#include "kernels/view.h"
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
  std::vector<HostMatch> hosts;         ///< one per candidate
  std::vector<std::int64_t> known_ids;  ///< one per candidate; 0: none
};

/// Table `candidates` (docs/formats/candidates.md).
Table candidates_table(const std::vector<Candidate>& candidates, const CandidateContext& context);

/// Squares of kCutOutSide around each candidate's peak: [candidate][y][x]. NaN outside the image.
NumberArray cut_outs(std::string name, View<const float> image,
                     const std::vector<Candidate>& candidates, std::string unit);

}  // namespace polis
