#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "formats/settings_json.h"
#include "jobs/task.h"

namespace polis {

/// Collects the requests of one task's output. Each gets the parameters that the person set for its
/// task (which overrule those in the request), and may use the outputs of the ones before it.
class RequestMaker {
 public:
  /// `settings` of the bundle (role "settings"), if it has some: they also go along to tasks that
  /// make requests.
  explicit RequestMaker(Reader& reader);

  /// Adds the request unless the same job was asked for already. Returns where its output will be.
  /// Errors: not_found (no such task), bad_config (a parameter).
  InputRef add(Request request);
  /// The entry that hands the settings on; nothing if there are none.
  std::optional<BundleEntry> settings_entry() const { return settings_entry_; }
  std::vector<Request> take() { return std::move(requests_); }

 private:
  TaskTable table_;
  TaskSettings settings_;
  std::optional<BundleEntry> settings_entry_;
  std::vector<Request> requests_;
  std::set<Digest> known_;
};

/// One input with its role.
inline BundleEntry input(std::string role, InputRef ref) {
  return {std::move(role), std::move(ref)};
}
/// Copies the entries of one role.
void copy_role(const Bundle& from, std::string_view role, Bundle& to);

}  // namespace polis
