#include "sky/line_motion.h"

#include <cmath>

namespace polis {

LineMotion fit_line_motion(std::span<const TimedPlace> places) {
  LineMotion motion;
  double sum = 0.0;
  for (const TimedPlace& p : places) {
    const double w = 1.0 / (p.error * p.error);
    sum += w;
    motion.hours += w * p.hours;
    motion.middle.x += w * p.place.x;
    motion.middle.y += w * p.place.y;
  }
  if (!(sum > 0.0)) return motion;
  motion.hours /= sum;
  motion.middle.x /= sum;
  motion.middle.y /= sum;
  motion.middle_error = 1.0 / std::sqrt(sum);
  double spread = 0.0;
  for (const TimedPlace& p : places) {
    const double w = 1.0 / (p.error * p.error), t = p.hours - motion.hours;
    spread += w * t * t;
    motion.rate.x += w * t * (p.place.x - motion.middle.x);
    motion.rate.y += w * t * (p.place.y - motion.middle.y);
  }
  if (!(spread > 0.0)) return motion;
  motion.rate.x /= spread;
  motion.rate.y /= spread;
  motion.rate_error = 1.0 / std::sqrt(spread);
  motion.determined = true;
  for (const TimedPlace& p : places) {
    const PlanePoint expected = motion.at(p.hours);
    const double dx = p.place.x - expected.x, dy = p.place.y - expected.y;
    motion.chi2 += (dx * dx + dy * dy) / (p.error * p.error);
  }
  return motion;
}

}  // namespace polis
