#include "tasks/whole_night_helpers.h"

#include "formats/ingest.h"
#include "formats/instrument_file.h"
#include "formats/settings_json.h"
#include "jobs/local_runner.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

class FailureList : public RunObserver {
 public:
  explicit FailureList(std::vector<std::string>& failures) : failures_(failures) {}
  void job_ended(const Job&, std::string_view task, const Outcome& outcome, bool final) override {
    if (final && !outcome.ok) failures_.push_back(std::string(task) + ": " + outcome.reason);
  }

 private:
  std::vector<std::string>& failures_;
};

const std::vector<Instrument>& instruments() {
  static const std::vector<Instrument> all =
      read_instruments(POLIS_SOURCE_DIR "/configs/instruments");
  return all;
}

}  // namespace

void WholeNight::ingest(const Bytes& bytes, const std::string& name) {
  const Ingested ingested = ingest_file(bytes, name, instruments());
  lake_->put("raw_frame", bytes);
  for (const Exposure& exposure : ingested.exposures) {
    const Digest digest = lake_->put(Artifact::of("exposure", exposure));
    night_.entries.push_back({"exposure", {InputRef::From::lake, digest, "exposure"}});
    exposures_.push_back(exposure);
  }
}

void WholeNight::set_reference(TableSet reference) {
  const Digest digest = lake_->put(Artifact::of("reference_catalog", std::move(reference)));
  night_.entries.push_back({"reference", {InputRef::From::lake, digest, "reference_catalog"}});
}

RunReport WholeNight::run(const std::string& settings) {
  Request request;
  request.task = "open_night";
  request.input = night_;
  if (!settings.empty()) {
    const Digest digest = lake_->put(Artifact::of("document", settings));
    request.input.entries.push_back({"settings", {InputRef::From::lake, digest, "document"}});
    const TaskSettings all = read_task_settings(settings);
    if (const auto own = all.find("open_night"); own != all.end()) request.parameters = own->second;
  }
  const TaskTable tasks(all_tasks());
  const auto ledger = Ledger::open_in_memory();
  const auto runner = make_local_runner(*lake_, tasks, {});
  FailureList observer(failures_);
  DriveSettings drive_settings;
  submit(*ledger, *lake_, tasks, std::vector<Request>{request}, drive_settings.caps, 0.0);
  return drive(*ledger, *lake_, tasks, *runner, drive_settings, observer);
}

std::vector<Artifact> WholeNight::of_kind(const std::string& kind) const {
  std::vector<Artifact> found;
  std::vector<Digest> digests;
  lake_->each([&](const LakeEntry& entry) {
    if (entry.kind == kind) digests.push_back(entry.digest);
  });
  for (const Digest& digest : digests) found.push_back(lake_->get(digest, kind));
  return found;
}

}  // namespace polis
