#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "kernels/source_flags.h"
#include "sky/table.h"
#include "tasks/frame_chain.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"min_snr", "10", "S/N above which sources count for the depth of a frame"},
};

/// Depth of a frame: how many clean sources it shows.
std::int64_t depth_of(const TableSet& catalog, double min_snr) {
  const Table& sources = catalog.at("sources");
  const auto& snr = sources.get<float>("snr");
  const auto& flags = sources.get<std::int32_t>("flags");
  std::int64_t count = 0;
  for (std::size_t i = 0; i < sources.rows(); ++i) {
    if (snr[i] > min_snr && (flags[i] & (source_flags::edge | source_flags::too_large)) == 0)
      ++count;
  }
  return count;
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  std::vector<FrameProducts> frames = read_frame_products(reader);
  if (frames.empty()) {
    throw Error(ErrorKind::no_result, "cannot choose an anchor",
                "no frame of the field could be measured");
  }
  std::vector<std::int64_t> depths;
  for (const FrameProducts& products : frames) {
    const Artifact catalog = reader.open(products.measured);
    depths.push_back(depth_of(catalog.as<TableSet>(), parameters.number("min_snr")));
  }
  // The first of equals: frames are in order of time.
  const auto deepest =
      static_cast<std::size_t>(std::max_element(depths.begin(), depths.end()) - depths.begin());
  RequestMaker maker(reader);
  const InputRef anchor = frames[deepest].measured, anchor_exposure = frames[deepest].exposure.ref;
  for (FrameProducts& products : frames)
    ask_for_registration(products, anchor, anchor_exposure, maker);
  Bundle extra;
  copy_role(reader.bundle(), "targets", extra);
  if (maker.settings_entry()) extra.entries.push_back(*maker.settings_entry());
  const Exposure& exposure = frames[deepest].exposure.exposure;
  ask_for_targets(frames, extra.entries,
                  exposure.object.empty() ? label_of(exposure) : exposure.object, maker);

  Table table("frames");
  std::vector<std::string> ids;
  for (const FrameProducts& products : frames)
    ids.push_back(products.exposure.exposure.exposure_id);
  table.add({"exposure_id", "", "meta.id", "exposure", std::move(ids)})
      .add({"depth", "", "meta.number", "clean sources above min_snr", std::move(depths)});
  TableSet plan;
  plan.tables.push_back(std::move(table));
  plan.facts["anchor"] = exposure.exposure_id;
  return {Artifact::of("night_plan", std::move(plan)), maker.take()};
}

}  // namespace

Task choose_anchor_task() {
  return {"choose_anchor",
          1,
          "night_plan",
          "registers the frames of a field to the deepest of them: roles exposure, frame, catalog, "
          "targets, settings",
          kParameters,
          run,
          true};
}

}  // namespace polis
