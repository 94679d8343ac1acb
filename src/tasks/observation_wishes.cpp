#include "tasks/observation_wishes.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "tasks/number_list.h"

namespace polis {
namespace {

/// A number of percent or days for people: three digits.
std::string brief(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

double rounded(double value, double unit) { return std::round(value / unit) * unit; }

struct Ranked {
  Wish wish;
  double significance = 0.0;
};

Wish wish_for(const StarCurve& curve, std::string goal, std::string why, int priority) {
  Wish wish{curve.id, std::move(why), priority, {}};
  wish.parameters = {{"star", std::to_string(curve.id)},
                     {"goal", std::move(goal)},
                     {"why", wish.why},
                     {"observe_priority", std::to_string(priority)}};
  return wish;
}

Ranked dip_wish(const StarCurve& curve, const CurveDescription& d) {
  constexpr int kPriority = 30;
  std::string why = "transit-like dip of " + brief(100.0 * d.dip.depth) + " % over " +
                    brief(24.0 * d.dip.duration) + " h, S/N " + brief(d.dip_snr);
  Wish wish = wish_for(curve, "next_transit", std::move(why), kPriority);
  constexpr double kMinute = 1.0 / 1440.0;
  wish.parameters["mid_time"] = format_number(rounded(d.dip.mid_time, kMinute));
  if (d.dip.period > 0.0)
    wish.parameters["period_days"] = format_number(rounded(d.dip.period, 1e-5));
  return {std::move(wish), 1000.0 + d.dip_snr};
}

Ranked period_wish(const StarCurve& curve, const CurveDescription& d) {
  constexpr int kPriority = 20;
  std::string why =
      "period of " + brief(d.period_days) + " d, amplitude " + brief(100.0 * d.amplitude) + " %";
  Wish wish = wish_for(curve, "phase_coverage", std::move(why), kPriority);
  wish.parameters["period_days"] = format_number(rounded(d.period_days, 1e-5));
  return {std::move(wish), -std::log10(std::max(d.false_alarm, 1e-300))};
}

/// Unflagged measurements, and how many of them stand out by 5 sigma.
struct Presence {
  int measured = 0, seen = 0;
};

Presence presence_of(const StarCurve& curve) {
  constexpr double kSigma = 5.0;
  Presence presence;
  for (std::size_t i = 0; i < curve.time.size(); ++i) {
    if (curve.flags[i] != 0 || !(curve.flux_err[i] > 0.0)) continue;
    ++presence.measured;
    presence.seen += curve.flux[i] > kSigma * curve.flux_err[i] ? 1 : 0;
  }
  return presence;
}

constexpr int kLeastFrames = 2;

/// A new source is worth a look if it is there: measured well in at least two frames, and in half
/// of all.
bool is_there(const StarCurve& curve) {
  const Presence presence = presence_of(curve);
  return presence.seen >= kLeastFrames && 2 * presence.seen >= static_cast<int>(curve.time.size());
}

/// A missing star is worth a look if light measured at its place shows nothing either, in most of
/// at least two frames.
bool is_gone(const StarCurve& curve) {
  const Presence presence = presence_of(curve);
  return presence.measured >= kLeastFrames && 2 * presence.seen < presence.measured;
}

/// What the comparison with the reference makes worth while. False: nothing.
bool reference_wish(const StarCurve& curve, Ranked& ranked) {
  constexpr int kMissingPriority = 28, kNewPriority = 25, kChangedPriority = 15;
  if (curve.reason == "missing" && is_gone(curve)) {
    ranked.wish = wish_for(curve, "confirm_missing",
                           "star of the reference catalogue that should be seen and is not",
                           kMissingPriority);
  } else if (curve.reason == "new" && is_there(curve)) {
    ranked.wish = wish_for(curve, "confirm_new",
                           "source that the reference catalogue does not have", kNewPriority);
  } else if (curve.reason == "changed" && is_there(curve)) {
    ranked.wish = wish_for(curve, "confirm_changed",
                           "star that differs from the reference catalogue by more than 5 sigma",
                           kChangedPriority);
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::vector<Wish> observation_wishes(const std::vector<StarCurve>& curves,
                                     const std::vector<CurveDescription>& descriptions,
                                     const WishSettings& settings) {
  const double trials = static_cast<double>(curves.size());
  std::vector<Ranked> ranked;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const CurveDescription& d = descriptions[i];
    Ranked other;
    if (d.has_dip) {
      ranked.push_back(dip_wish(curves[i], d));
    } else if (d.periodic && d.false_alarm * trials < settings.max_field_false_alarm) {
      ranked.push_back(period_wish(curves[i], d));
    } else if (reference_wish(curves[i], other)) {
      ranked.push_back(std::move(other));
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    if (a.wish.priority != b.wish.priority) return a.wish.priority > b.wish.priority;
    return a.significance > b.significance;
  });
  ranked.resize(std::min(ranked.size(), settings.most));
  std::vector<Wish> wishes;
  for (Ranked& r : ranked) wishes.push_back(std::move(r.wish));
  return wishes;
}

}  // namespace polis
