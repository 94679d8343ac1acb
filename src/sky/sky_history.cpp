#include "sky/sky_history.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace polis {
namespace {

/// How far a candidate may wander when its frame is worked on again. [px]
constexpr double kSamePlacePx = 1.5;

using FrameRows = std::map<std::string, std::int32_t>;  ///< key -> row

double latest_of(const AlertSet& earlier, const std::vector<CandidateFrame>& frames) {
  double latest = -1e30;
  for (const SearchedFrame& f : earlier.frames) latest = std::fmax(latest, f.mjd_mid);
  for (const CandidateFrame& f : frames) latest = std::fmax(latest, f.frame.mjd_mid);
  return latest;
}

/// Frames of both, the new facts of a frame first; old ones only where a detection needs them.
void gather_frames(const AlertSet& earlier, const std::vector<CandidateFrame>& frames,
                   const std::vector<const SkyDetection*>& kept, double oldest,
                   std::vector<SearchedFrame>& result, FrameRows& rows) {
  std::set<std::string> needed;
  for (const SkyDetection* d : kept) needed.insert(earlier.frame_of(*d).key());
  std::map<std::string, SearchedFrame> all;
  for (const CandidateFrame& f : frames) all.emplace(f.frame.key(), f.frame);
  for (const SearchedFrame& f : earlier.frames) {
    if (!(f.mjd_mid < oldest) || needed.contains(f.key())) all.emplace(f.key(), f);
  }
  for (auto& [key, frame] : all) result.push_back(std::move(frame));
  std::stable_sort(
      result.begin(), result.end(),
      [](const SearchedFrame& a, const SearchedFrame& b) { return a.mjd_mid < b.mjd_mid; });
  for (std::size_t i = 0; i < result.size(); ++i)
    rows[result[i].key()] = static_cast<std::int32_t>(i);
}

class Gatherer {
 public:
  Gatherer(const FollowSettings& settings, SkyHistory& history)
      : settings_(settings), history_(history), by_frame_(history.frames.size()) {}

  void add_earlier(const SkyDetection& d, std::int32_t frame) {
    HistoryRow row{d, d.object, {}};
    row.detection.frame = frame;
    by_frame_[static_cast<std::size_t>(frame)].push_back(std::move(row));
  }
  void add_new(const Candidate& candidate, std::int32_t frame, AlertSource source) {
    auto& rows = by_frame_[static_cast<std::size_t>(frame)];
    const SearchedFrame& f = history_.frames[static_cast<std::size_t>(frame)];
    if (!is_above(candidate, f, settings_.history_probability, settings_.cut)) return;
    const double reach = kSamePlacePx * (f.pixel_scale_arcsec > 0.0 ? f.pixel_scale_arcsec : 1.0);
    for (const HistoryRow& row : rows) {
      if (row.is_new() ||
          !(separation_arcsec(row.detection.position(), candidate.position()) <= reach))
        continue;
      history_.repeated += row.detection.alert != 0 ? 1 : 0;
      return;
    }
    HistoryRow row;
    static_cast<Candidate&>(row.detection) = candidate;
    row.detection.frame = frame;
    row.source = source;
    rows.push_back(std::move(row));
  }
  void finish() {
    for (auto& rows : by_frame_)
      for (HistoryRow& row : rows) history_.rows.push_back(std::move(row));
  }

 private:
  const FollowSettings& settings_;
  SkyHistory& history_;
  std::vector<std::vector<HistoryRow>> by_frame_;
};

}  // namespace

bool is_above(const Candidate& c, const SearchedFrame& frame, double probability,
              const PlainCut& cut) {
  if (!std::isfinite(c.ra_deg) || !std::isfinite(c.dec_deg)) return false;
  return is_judged(c) ? c.p_real_transient > probability : passes(cut, c, frame);
}

double error_arcsec(const Candidate& c, const SearchedFrame& frame) {
  return std::sqrt(0.5 * (c.x_error * c.x_error + c.y_error * c.y_error)) *
         frame.pixel_scale_arcsec;
}

SkyHistory gather_history(const AlertSet& earlier, const std::vector<CandidateFrame>& frames,
                          const FollowSettings& settings) {
  const double oldest = latest_of(earlier, frames) - settings.history_days;
  std::vector<const SkyDetection*> kept;
  for (const SkyDetection& d : earlier.detections) {
    if (d.alert != 0 || !(earlier.frame_of(d).mjd_mid < oldest)) kept.push_back(&d);
  }
  SkyHistory history;
  FrameRows rows;
  gather_frames(earlier, frames, kept, oldest, history.frames, rows);
  Gatherer gatherer(settings, history);
  for (const SkyDetection* d : kept) gatherer.add_earlier(*d, rows.at(earlier.frame_of(*d).key()));
  std::set<std::string> seen;
  for (std::size_t f = 0; f < frames.size(); ++f) {
    const std::string key = frames[f].frame.key();
    if (!seen.insert(key).second) continue;  // one frame given twice
    for (std::size_t c = 0; c < frames[f].candidates.size(); ++c)
      gatherer.add_new(frames[f].candidates[c], rows.at(key), {f, c});
  }
  gatherer.finish();
  return history;
}

}  // namespace polis
