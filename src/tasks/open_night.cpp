#include "base/error.h"
#include "sky/table.h"
#include "tasks/difference_chain.h"
#include "tasks/fields.h"
#include "tasks/frame_chain.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"max_age_days", "30", "age beyond which a calibration is not used [day]"},
    {"dark_temperature_tolerance_c", "5",
     "difference of detector temperature beyond which a dark is not used [C]"},
    {"keep_frames", "false", "store the calibrated frames in the lake"},
    {"reference_nights", "1",
     "the first nights of a field make its reference images; frames of later nights are compared "
     "with them"},
    {"differences", "true", "compare later nights with the reference images of the first"},
    {"keep_differences", "false", "store the differences in the lake"},
    {"field_share", "0.5",
     "frames nearer than this share of a frame's smaller side look at one field"},
};

/// The rows of the night plan as they grow.
struct PlanRows {
  std::vector<std::string> exposure_id, instrument, detector, type, filter, night, field, decision;
  void add(const Exposure& e, std::string field_name, std::string text) {
    exposure_id.push_back(e.exposure_id);
    instrument.push_back(e.instrument);
    detector.push_back(e.detector);
    type.emplace_back(name_of(e.type));
    filter.push_back(e.physical_filter);
    night.push_back(e.night());
    field.push_back(std::move(field_name));
    decision.push_back(std::move(text));
  }
  Table table() && {
    Table exposures("exposures");
    exposures.add({"exposure_id", "", "meta.id", "exposure", std::move(exposure_id)})
        .add({"instrument", "", "meta.id;instr", "", std::move(instrument)})
        .add({"detector", "", "meta.id;instr.det", "", std::move(detector)})
        .add({"type", "", "meta.code.class", "science, bias, dark, flat or unknown",
              std::move(type)})
        .add({"filter", "", "meta.id;instr.filter", "", std::move(filter)})
        .add({"night", "", "time.epoch", "date on which the night began", std::move(night)})
        .add({"field", "", "meta.id", "piece of sky, for science frames", std::move(field)})
        .add({"decision", "", "meta.note", "what was asked for, or why nothing",
              std::move(decision)});
    return exposures;
  }
};

std::string decision_for(const ChosenCalibrations& masters) {
  std::string text = "calibrate and measure";
  for (const std::string& caveat : masters.caveats) text += "; " + caveat;
  return text;
}

/// Entries that go along to the tasks that collect: the person's targets, and the settings.
std::vector<BundleEntry> companions(const Reader& reader, const RequestMaker& maker) {
  Bundle extra;
  copy_role(reader.bundle(), "targets", extra);
  if (maker.settings_entry()) extra.entries.push_back(*maker.settings_entry());
  return extra.entries;
}

void ask_for_anchor(const std::vector<FrameProducts>& frames, const std::vector<BundleEntry>& extra,
                    const std::string& field, RequestMaker& maker) {
  Request request;
  request.task = "choose_anchor";
  for (const FrameProducts& products : frames)
    add_frame(products, products.measured, request.input);
  for (const BundleEntry& entry : extra) request.input.entries.push_back(entry);
  request.label = field;
  request.group = "field " + field;
  request.cost = 0.02 * static_cast<double>(frames.size());
  request.reason = "no reference catalogue: frames are registered to the deepest of them";
  maker.add(std::move(request));
}

/// Extinction, clouds and seeing of the night, from all catalogs that have magnitudes.
void ask_for_quality(std::vector<BundleEntry> catalogs, RequestMaker& maker) {
  if (catalogs.empty()) return;
  Request request;
  request.task = "night_quality";
  request.cost = 0.02 * static_cast<double>(catalogs.size());
  request.input.entries = std::move(catalogs);
  request.label = "night";
  request.group = "night quality";
  request.reason = "how good the night was";
  maker.add(std::move(request));
}

/// All that becomes of the science frames, field by field.
void ask_for_frames(const Parameters& parameters, Reader& reader,
                    const std::vector<NightExposure>& exposures,
                    const std::vector<SkyField>& fields, RequestMaker& maker, PlanRows& rows) {
  const CalibrationRules rules{parameters.number("max_age_days"),
                               parameters.number("dark_temperature_tolerance_c")};
  CalibrationChooser chooser(exposures, rules, maker);
  const bool has_reference = reader.bundle().has("reference");
  const std::vector<BundleEntry> extra = companions(reader, maker);
  std::vector<BundleEntry> catalogs;
  for (const SkyField& field : fields) {
    std::vector<FrameProducts> frames;
    for (std::size_t i : field.members) {
      const ChosenCalibrations masters = chooser.choose(exposures[i].exposure);
      frames.push_back(
          ask_for_catalog(exposures[i], masters, parameters.flag("keep_frames"), maker));
      rows.add(exposures[i].exposure, field.name, decision_for(masters));
      if (!has_reference) continue;
      ask_for_matches(frames.back(), reader.bundle().one("reference"), maker);
      catalogs.push_back(input("catalog", frames.back().catalog));
    }
    if (has_reference) {
      ask_for_targets(frames, extra, field.name, maker);
      if (parameters.flag("differences")) {
        const DifferenceRules difference_rules{parameters.integer("reference_nights"),
                                               parameters.flag("keep_differences")};
        DifferenceCompanions with{reader.bundle().one("reference"), {}, maker.settings_entry()};
        if (reader.bundle().has("model")) with.network = reader.bundle().one("model");
        ask_for_differences(frames, difference_rules, with, field.name, maker);
      }
    } else {
      ask_for_anchor(frames, extra, field.name, maker);
    }
  }
  ask_for_quality(std::move(catalogs), maker);
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const std::vector<NightExposure> exposures = read_exposures(reader);
  if (exposures.empty()) {
    throw Error(ErrorKind::bad_input, "cannot open the night", "there is no exposure in it",
                "ingest frames");
  }
  RequestMaker maker(reader);
  const bool has_reference = reader.bundle().has("reference");
  const std::vector<SkyField> fields =
      group_fields(exposures, parameters.number("field_share"), !has_reference);
  PlanRows rows;
  ask_for_frames(parameters, reader, exposures, fields, maker, rows);
  for (const NightExposure& e : exposures) {
    if (e.exposure.type == ImageType::science) continue;
    rows.add(e.exposure, "",
             e.exposure.type == ImageType::unknown ? "left alone: its image type is not known"
                                                   : "calibration");
  }
  TableSet plan;
  plan.tables.push_back(std::move(rows).table());
  plan.facts["fields"] = std::to_string(fields.size());
  plan.facts["reference"] =
      has_reference ? "yes" : "no: frames are registered to the deepest of each field";
  std::vector<Request> requests = maker.take();
  plan.facts["requests"] = std::to_string(requests.size());
  return {Artifact::of("night_plan", std::move(plan)), std::move(requests)};
}

}  // namespace

Task open_night_task() {
  return {"open_night",
          1,
          "night_plan",
          "asks for everything that the exposures of a night allow: roles exposure, reference, "
          "model, targets, settings",
          kParameters,
          run};
}

}  // namespace polis
