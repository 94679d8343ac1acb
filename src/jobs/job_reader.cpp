#include "jobs/job_reader.h"

#include <algorithm>

#include "base/error.h"
#include "sky/exposure.h"

namespace polis {

std::size_t JobReader::index_of(const InputRef& ref) const {
  const auto& entries = bundle().entries;
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const BundleEntry& entry) {
    return entry.ref.from == ref.from && entry.ref.name == ref.name;
  });
  return static_cast<std::size_t>(found - entries.begin());
}

bool JobReader::has(const InputRef& ref) const {
  const std::size_t index = index_of(ref);
  return index < step_.inputs.size() && step_.inputs[index].where != Resolved::Where::missing;
}

Artifact JobReader::open(const InputRef& ref) {
  guard_.check();
  const std::size_t index = index_of(ref);
  Artifact artifact;
  if (index < step_.inputs.size()) {
    artifact = chain_.open(step_, index, guard_);
  } else if (ref.from == InputRef::From::lake && reachable_.contains(ref.name)) {
    artifact = chain_.open_from_lake(ref);
  } else {
    throw Error(ErrorKind::internal, "cannot open " + ref.kind + " " + ref.name.short_hex(),
                "it is neither an input of the job nor named by one");
  }
  note_references(artifact);
  return artifact;
}

void JobReader::note_references(const Artifact& artifact) {
  if (artifact.kind() == "exposure") reachable_.insert(artifact.as<Exposure>().raw);
}

}  // namespace polis
