#include "sky/choose_frames.h"

#include <algorithm>
#include <limits>

namespace polis {

std::vector<std::size_t> choose_frames(std::span<const FrameGrade> frames,
                                       const FrameChoice& choice) {
  std::vector<std::size_t> order;
  double deepest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (!frames[i].usable) continue;
    order.push_back(i);
    deepest = std::max(deepest, frames[i].limiting_mag);
  }
  const auto shallow = [&](std::size_t i) {
    return frames[i].limiting_mag < deepest - choice.depth_range;
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (shallow(a) != shallow(b)) return shallow(b);
    return frames[a].fwhm_arcsec < frames[b].fwhm_arcsec;
  });
  std::size_t take = 0;
  while (take < order.size() && take < static_cast<std::size_t>(std::max(0, choice.most))) {
    const FrameGrade& grade = frames[order[take]];
    const bool good = !shallow(order[take]) &&
                      grade.fwhm_arcsec <= choice.seeing_factor * frames[order.front()].fwhm_arcsec;
    if (!good && take >= static_cast<std::size_t>(std::max(1, choice.least))) break;
    ++take;
  }
  order.resize(take);
  return order;
}

}  // namespace polis
