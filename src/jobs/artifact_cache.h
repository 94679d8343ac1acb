#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>

#include "lake/lake.h"

namespace polis {

/// Artifacts that several chains of one rank use (master flats), decoded once. What is opened a
/// single time (a raw frame) is never held: only the second opening enters the cache. Bounded in
/// bytes, oldest out first.
class ArtifactCache {
 public:
  explicit ArtifactCache(std::uint64_t capacity_bytes) : capacity_(capacity_bytes) {}
  Artifact open(const Lake& lake, const Digest& digest, const std::string& kind);
  std::uint64_t held_bytes() const { return held_; }

 private:
  struct Entry {
    Digest digest;
    Artifact artifact;
    std::uint64_t bytes = 0;
  };
  void hold(const Digest& digest, const Artifact& artifact, std::uint64_t bytes);
  bool seen_before(const Digest& digest);

  std::uint64_t capacity_;
  std::uint64_t held_ = 0;
  std::list<Entry> entries_;  ///< newest first
  std::unordered_map<Digest, std::list<Entry>::iterator> index_;
  std::list<Digest> seen_;  ///< opened once, newest first
  std::unordered_map<Digest, std::list<Digest>::iterator> seen_index_;
};

}  // namespace polis
