#include "tasks/difference_chain.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace polis {
namespace {

/// Frames whose pixels can be subtracted from each other, of all nights.
struct Series {
  std::vector<const FrameProducts*> before, after;
};

std::string series_of(const Exposure& exposure) {
  return detector_name(exposure) + " " + exposure.physical_filter + " " +
         std::to_string(exposure.width) + "x" + std::to_string(exposure.height);
}

/// By detector and filter. A series whose nights all belong to the reference has no `after`.
std::map<std::string, Series> split(const std::vector<FrameProducts>& frames,
                                    int reference_nights) {
  std::map<std::string, std::set<std::string>> nights;
  for (const FrameProducts& frame : frames) {
    const Exposure& exposure = frame.exposure.exposure;
    nights[series_of(exposure)].insert(exposure.night());
  }
  std::map<std::string, Series> all;
  for (const FrameProducts& frame : frames) {
    const Exposure& exposure = frame.exposure.exposure;
    const std::set<std::string>& mine = nights.at(series_of(exposure));
    const auto order = std::distance(mine.begin(), mine.find(exposure.night()));
    Series& series = all[series_of(exposure)];
    (order < reference_nights ? series.before : series.after).push_back(&frame);
  }
  return all;
}

struct Reference {
  InputRef image, sources;
};

Reference ask_for_reference(const std::vector<const FrameProducts*>& frames,
                            const std::string& group, RequestMaker& maker) {
  Request request;
  request.task = "build_reference";
  for (const FrameProducts* frame : frames) add_frame(*frame, frame->catalog, request.input);
  request.label = group;
  request.group = "reference " + group;
  request.cost = 0.3 * static_cast<double>(frames.size());
  request.reason = "later nights are compared with it";
  Request measure;
  measure.task = "measure_frame";
  measure.label = request.label;
  measure.group = request.group;
  measure.reason = "what stood in the field before";
  Reference reference;
  reference.image = maker.add(std::move(request));
  measure.input.entries = {input("frame", reference.image)};
  reference.sources = maker.add(std::move(measure));
  return reference;
}

InputRef ask_for_candidates(const FrameProducts& frame, const Reference& reference,
                            const DifferenceCompanions& companions, bool keep,
                            RequestMaker& maker) {
  const auto ask = [&](const char* task, std::vector<BundleEntry> entries, bool keep_it) {
    Request request;
    request.task = task;
    request.input.entries = std::move(entries);
    request.label = label_of(frame.exposure.exposure);
    request.group = calibration_group(frame.exposure.exposure);
    request.reason = "what changed since the reference was taken";
    request.keep = keep_it;
    return maker.add(std::move(request));
  };
  const InputRef difference = ask("subtract_reference",
                                  {input("frame", frame.frame), input("catalog", frame.catalog),
                                   input("reference_image", reference.image)},
                                  keep);
  const InputRef candidates =
      ask("find_candidates",
          {input("difference", difference), input("catalog", frame.catalog),
           input("reference_image", reference.image), input("reference_sources", reference.sources),
           input("reference", companions.catalogue)},
          true);
  if (!companions.network) return candidates;
  return ask("classify_candidates",
             {input("candidates", candidates), input("model", *companions.network)}, true);
}

/// The alerts of one night's frames; those of the night before go along, so that none comes twice.
InputRef ask_for_alerts(const std::vector<const FrameProducts*>& frames,
                        const std::map<const FrameProducts*, InputRef>& candidates,
                        const std::optional<InputRef>& earlier,
                        const DifferenceCompanions& companions, const std::string& label,
                        RequestMaker& maker) {
  Request request;
  request.task = "raise_alerts";
  for (const FrameProducts* frame : frames) {
    add_frame(*frame, frame->catalog, request.input);
    request.input.entries.push_back(input("candidates", candidates.at(frame)));
  }
  if (earlier) request.input.entries.push_back(input("alerts", *earlier));
  request.input.entries.push_back(input("reference", companions.catalogue));
  if (companions.settings) request.input.entries.push_back(*companions.settings);
  request.label = label;
  request.group = "alerts " + label;
  request.cost = 0.02 * static_cast<double>(frames.size());
  request.reason = "what the differences of the night show";
  return maker.add(std::move(request));
}

}  // namespace

std::size_t ask_for_differences(const std::vector<FrameProducts>& frames,
                                const DifferenceRules& rules,
                                const DifferenceCompanions& companions, const std::string& field,
                                RequestMaker& maker) {
  std::map<const FrameProducts*, InputRef> candidates;
  for (const auto& [name, series] : split(frames, rules.reference_nights)) {
    if (series.after.empty()) continue;
    const Reference reference = ask_for_reference(series.before, field + " " + name, maker);
    for (const FrameProducts* frame : series.after)
      candidates[frame] =
          ask_for_candidates(*frame, reference, companions, rules.keep_differences, maker);
  }
  std::map<std::string, std::vector<const FrameProducts*>> nights;  // frames in order of time
  for (const FrameProducts& frame : frames) {
    if (candidates.contains(&frame)) nights[frame.exposure.exposure.night()].push_back(&frame);
  }
  std::optional<InputRef> earlier;
  for (const auto& [night, some] : nights)
    earlier = ask_for_alerts(some, candidates, earlier, companions, field + " " + night, maker);
  return candidates.size();
}

}  // namespace polis
