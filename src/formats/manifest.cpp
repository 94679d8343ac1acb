#include "formats/manifest.h"

#include <algorithm>

#include "base/error.h"

namespace polis {

std::vector<InputRef> Bundle::with_role(std::string_view role) const {
  std::vector<InputRef> found;
  for (const BundleEntry& entry : entries) {
    if (entry.role == role) found.push_back(entry.ref);
  }
  return found;
}

const InputRef& Bundle::one(std::string_view role) const {
  const InputRef* found = nullptr;
  for (const BundleEntry& entry : entries) {
    if (entry.role != role) continue;
    if (found != nullptr) {
      throw Error(ErrorKind::bad_input, "cannot choose input '" + std::string(role) + "'",
                  "the bundle has several of that role");
    }
    found = &entry.ref;
  }
  if (found == nullptr) {
    throw Error(ErrorKind::not_found, "no input '" + std::string(role) + "'",
                "the bundle has " + std::to_string(entries.size()) + " entries, none of that role");
  }
  return *found;
}

bool Bundle::has(std::string_view role) const {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const BundleEntry& e) { return e.role == role; });
}

Digest job_key(std::string_view task, int version, const ParameterMap& parameters,
               const Bundle& input) {
  Hasher hasher;
  hasher.field("polis job key 1").field(task).field(static_cast<std::uint64_t>(version));
  hasher.field(parameters.size());
  for (const auto& [name, value] : parameters) hasher.field(name).field(value);
  hasher.field(input.entries.size());
  for (const BundleEntry& entry : input.entries) {
    hasher.field(entry.role).field(static_cast<std::uint64_t>(entry.ref.from));
    hasher.update(std::as_bytes(std::span(entry.ref.name.bytes))).field(entry.ref.kind);
  }
  return hasher.finish();
}

}  // namespace polis
