#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/artifact.h"

namespace polis {

/// What lies in the lake under one digest.
struct LakeEntry {
  Digest digest;
  std::string kind;
  std::uint64_t size = 0;
};

/// Content-addressed and immutable. `put` of bytes that are there does nothing. Thread-safe for
/// different digests.
class Lake {
 public:
  virtual ~Lake() = default;
  /// Stores durably, then returns. Errors: no_space, io.
  virtual Digest put(std::string_view kind, ByteView bytes) = 0;
  Digest put(const Artifact& artifact) { return put(artifact.kind(), artifact.bytes()); }
  virtual bool has(const Digest& digest) const = 0;
  /// Re-hashes what it reads. Errors: not_found; damaged (and the object is set aside, never
  /// deleted, never served).
  virtual Artifact get(const Digest& digest, std::string_view kind) const = 0;
  virtual void each(const std::function<void(const LakeEntry&)>& visit) const = 0;
};

std::unique_ptr<Lake> make_memory_lake();
/// Objects under `root`/objects/ab/abcdef...; Errors: io.
std::unique_ptr<Lake> open_disk_lake(const std::string& root);

}  // namespace polis
