#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace polis {

/// What the disk lake needs of the operating system: the seam at which tests break things.
/// Errors of all: io; no_space where something is written.
class Files {
 public:
  virtual ~Files() = default;
  virtual void make_folder(const std::string& path) = 0;
  /// Writes a new file, flushes it to the device and makes it read-only (0444). Leaves nothing
  /// behind on failure.
  virtual void write_new(const std::string& path, ByteView bytes) = 0;
  /// Gives `path` the further name `name`. False: `name` exists.
  virtual bool link(const std::string& path, const std::string& name) = 0;
  virtual void sync_folder(const std::string& path) = 0;
  virtual void remove(const std::string& path) = 0;
  /// False: `from` does not exist (any more).
  virtual bool rename(const std::string& from, const std::string& to) = 0;
  virtual bool exists(const std::string& path) const = 0;
  virtual std::optional<Bytes> read(const std::string& path) const = 0;
  /// File names in a folder, sorted, with sizes. A folder that does not exist is empty.
  virtual void list(
      const std::string& path,
      const std::function<void(std::string_view name, std::uint64_t size)>& visit) const = 0;
};

std::unique_ptr<Files> make_posix_files();

}  // namespace polis
