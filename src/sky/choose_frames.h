#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace polis {

/// How good a frame is for a reference image.
struct FrameGrade {
  bool usable = false;        ///< it has a WCS, a zero point and a measured seeing
  double fwhm_arcsec = 0.0;   ///< seeing
  double limiting_mag = 0.0;  ///< S/N 5, point source
};

struct FrameChoice {
  double seeing_factor = 1.3;  ///< frames up to this times the best seeing are taken ...
  double depth_range = 1.0;    ///< ... unless they are shallower than the deepest by more [mag]
  int least = 3;               ///< fewer than this: the next best are taken in all the same
  int most = 25;
};

/// The best frames of a field, best seeing first; ties in the order given. Each adds depth, the
/// sharp ones add sharpness: a frame that is much worse than the best would only blur the sum.
std::vector<std::size_t> choose_frames(std::span<const FrameGrade> frames,
                                       const FrameChoice& choice);

}  // namespace polis
