#include "lake/disk_lake.h"

#include <array>
#include <chrono>
#include <filesystem>

#include "base/error.h"
#include "lake/paths.h"

namespace polis {
namespace {

class DiskLake final : public Lake {
 public:
  DiskLake(const std::string& root, std::unique_ptr<Files> files)
      : paths_{root}, files_(std::move(files)) {
    for (const std::string& folder :
         {root, paths_.objects(), paths_.temporaries(), paths_.quarantine()}) {
      files_->make_folder(folder);
    }
  }

  using Lake::put;
  Digest put(std::string_view kind, ByteView bytes) override {
    if (!is_kind(kind)) {
      throw Error(ErrorKind::internal,
                  "cannot store an artifact of kind '" + std::string(kind) + "'",
                  "a kind is made of lower-case letters, digits and '_'");
    }
    const Digest digest = digest_of(bytes);
    const std::string object = paths_.object(digest, kind);
    if (!files_->exists(object)) store(digest, object, bytes);
    // Also when it was there: whoever linked it may have been killed before this line.
    files_->sync_folder(paths_.shard(digest));
    return digest;
  }

  bool has(const Digest& digest) const override {
    const std::string hex = digest.hex();
    bool found = false;
    files_->list(paths_.shard(digest), [&](std::string_view name, std::uint64_t) {
      found = found || name.substr(0, hex.size()) == hex;
    });
    return found;
  }

  Artifact get(const Digest& digest, std::string_view kind) const override {
    std::optional<Bytes> bytes;
    if (is_kind(kind)) bytes = files_->read(paths_.object(digest, kind));
    if (!bytes) {
      throw Error(ErrorKind::not_found,
                  "cannot open " + std::string(kind) + " " + digest.short_hex(),
                  "it is not in the lake " + paths_.root, "run again: what made it is done again");
    }
    if (digest_of(*bytes) != digest) set_aside(digest, kind);
    return Artifact::from_bytes(kind, std::move(*bytes));
  }

  void each(const std::function<void(const LakeEntry&)>& visit) const override {
    constexpr std::string_view kHex = "0123456789abcdef";
    for (const char high : kHex) {
      for (const char low : kHex) {
        const std::string shard = paths_.objects() + "/" + high + low;
        files_->list(shard, [&](std::string_view name, std::uint64_t size) {
          if (const auto object = parse_object_name(name))
            visit({object->digest, object->kind, size});
        });
      }
    }
  }

 private:
  void store(const Digest& digest, const std::string& object, ByteView bytes) {
    const std::string shard = paths_.shard(digest);
    if (!files_->exists(shard)) {
      files_->make_folder(shard);
      files_->sync_folder(paths_.objects());
    }
    const std::string temporary = paths_.temporary();
    files_->write_new(temporary, bytes);
    try {
      files_->link(temporary, object);  // false: another writer came first with the same bytes
    } catch (const Error&) {
      files_->remove(temporary);
      throw;
    }
    files_->remove(temporary);
  }

  [[noreturn]] void set_aside(const Digest& digest, std::string_view kind) const {
    const std::string place = paths_.quarantined(digest, kind);
    files_->rename(paths_.object(digest, kind), place);
    throw Error(ErrorKind::damaged, "cannot open " + std::string(kind) + " " + digest.short_hex(),
                "its bytes are not what they were; they were set aside as " + place,
                "check the disk, then run again: what made it is done again");
  }

  LakePaths paths_;
  std::unique_ptr<Files> files_;
};

}  // namespace

std::unique_ptr<Lake> open_disk_lake(const std::string& root, std::unique_ptr<Files> files) {
  return std::make_unique<DiskLake>(root, std::move(files));
}

std::unique_ptr<Lake> open_disk_lake(const std::string& root) {
  return open_disk_lake(root, make_posix_files());
}

std::size_t remove_stale_temporaries(const std::string& root) {
  namespace fs = std::filesystem;
  std::size_t removed = 0;
  std::error_code ignored;
  const auto oldest = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const auto& entry : fs::directory_iterator(LakePaths{root}.temporaries(), ignored)) {
    const auto touched = entry.last_write_time(ignored);
    if (!ignored && touched < oldest && fs::remove(entry.path(), ignored)) ++removed;
  }
  return removed;
}

}  // namespace polis
