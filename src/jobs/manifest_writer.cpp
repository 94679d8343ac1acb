#include "jobs/manifest_writer.h"

#include <utility>

namespace polis {
namespace {

constexpr std::size_t kRequestsPerPart = 10'000;

}  // namespace

void ManifestWriter::add(std::vector<Request> requests) {
  for (Request& request : requests) {
    part_.requests.push_back(std::move(request));
    if (part_.requests.size() >= kRequestsPerPart) flush();
  }
}

void ManifestWriter::flush() {
  if (part_.requests.empty()) return;
  const std::uint64_t count = part_.requests.size();
  const int round = part_.round;
  const Digest digest =
      lake_.put(Artifact::of("manifest", std::exchange(part_, Manifest{round, {}})));
  ledger_.add_manifest(round, digest, count);
}

}  // namespace polis
