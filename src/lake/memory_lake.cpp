#include <map>
#include <mutex>

#include "base/error.h"
#include "lake/lake.h"

namespace polis {
namespace {

/// The twin of the disk lake for tests and for small runs without a disk.
class MemoryLake final : public Lake {
 public:
  using Lake::put;
  Digest put(std::string_view kind, ByteView bytes) override {
    const Digest digest = digest_of(bytes);
    const std::lock_guard lock(mutex_);
    objects_.try_emplace({digest, std::string(kind)}, Bytes(bytes.begin(), bytes.end()));
    return digest;
  }

  bool has(const Digest& digest) const override {
    const std::lock_guard lock(mutex_);
    const auto next = objects_.lower_bound({digest, ""});
    return next != objects_.end() && next->first.first == digest;
  }

  Artifact get(const Digest& digest, std::string_view kind) const override {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find({digest, std::string(kind)});
    if (found == objects_.end()) {
      throw Error(ErrorKind::not_found,
                  "cannot open " + std::string(kind) + " " + digest.short_hex(),
                  "it is not in the lake");
    }
    return Artifact::from_bytes(kind, found->second);
  }

  void each(const std::function<void(const LakeEntry&)>& visit) const override {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, bytes] : objects_) visit({name.first, name.second, bytes.size()});
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<Digest, std::string>, Bytes> objects_;
};

}  // namespace

std::unique_ptr<Lake> make_memory_lake() { return std::make_unique<MemoryLake>(); }

}  // namespace polis
