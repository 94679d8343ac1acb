#include "jobs/artifact_cache.h"

namespace polis {
namespace {

/// A decoded artifact may be this much larger than its compressed bytes; the cache holds both.
constexpr std::uint64_t kDecodedRatio = 5;
constexpr std::size_t kRemembered = 4096;

}  // namespace

Artifact ArtifactCache::open(const Lake& lake, const Digest& digest, const std::string& kind) {
  if (const auto found = index_.find(digest);
      found != index_.end() && found->second->artifact.kind() == kind) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->artifact;
  }
  Artifact artifact = lake.get(digest, kind);
  if (seen_before(digest)) hold(digest, artifact, kDecodedRatio * artifact.bytes().size());
  return artifact;
}

bool ArtifactCache::seen_before(const Digest& digest) {
  if (seen_index_.contains(digest)) return true;
  seen_.push_front(digest);
  seen_index_.emplace(digest, seen_.begin());
  if (seen_.size() > kRemembered) {
    seen_index_.erase(seen_.back());
    seen_.pop_back();
  }
  return false;
}

void ArtifactCache::hold(const Digest& digest, const Artifact& artifact, std::uint64_t bytes) {
  if (bytes > capacity_ || index_.contains(digest)) return;
  while (held_ + bytes > capacity_) {
    held_ -= entries_.back().bytes;
    index_.erase(entries_.back().digest);
    entries_.pop_back();
  }
  entries_.push_front({digest, artifact, bytes});
  index_.emplace(digest, entries_.begin());
  held_ += bytes;
}

}  // namespace polis
