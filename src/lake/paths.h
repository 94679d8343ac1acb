#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lake/lake.h"

namespace polis {

/// Every path name inside a disk lake is made and understood here (docs/formats/lake.md).
struct LakePaths {
  std::string root;

  std::string objects() const { return root + "/objects"; }
  std::string temporaries() const { return root + "/tmp"; }
  std::string quarantine() const { return root + "/quarantine"; }
  /// objects/ab
  std::string shard(const Digest& digest) const;
  /// objects/ab/abcdef....kind
  std::string object(const Digest& digest, std::string_view kind) const;
  /// quarantine/abcdef....kind
  std::string quarantined(const Digest& digest, std::string_view kind) const;
  /// tmp/<host>.<process>.<serial>: never the same twice.
  std::string temporary() const;
};

struct ObjectName {
  Digest digest;
  std::string kind;
};
/// Understands "abcdef....kind"; empty for any other file name.
std::optional<ObjectName> parse_object_name(std::string_view file_name);
/// A kind names files: lower-case letters, digits and '_', 1 to 40 of them.
bool is_kind(std::string_view kind);

}  // namespace polis
