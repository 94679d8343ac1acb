#include "tasks/request_maker.h"

#include "tasks/tasks.h"

namespace polis {

RequestMaker::RequestMaker(Reader& reader) : table_(all_tasks()) {
  if (!reader.bundle().has("settings")) return;
  const InputRef& ref = reader.bundle().one("settings");
  settings_ = read_task_settings(reader.open(ref).as<std::string>());
  settings_entry_ = BundleEntry{"settings", ref};
}

InputRef RequestMaker::add(Request request) {
  if (const auto found = settings_.find(request.task); found != settings_.end()) {
    for (const auto& [name, value] : found->second) request.parameters[name] = value;
  }
  const Digest key = table_.key_of(request);
  const InputRef output{InputRef::From::job, key, std::string(table_.at(request.task).output_kind)};
  if (known_.insert(key).second) requests_.push_back(std::move(request));
  return output;
}

void copy_role(const Bundle& from, std::string_view role, Bundle& to) {
  for (const BundleEntry& entry : from.entries) {
    if (entry.role == role) to.entries.push_back(entry);
  }
}

}  // namespace polis
