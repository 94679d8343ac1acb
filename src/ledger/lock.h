#pragma once

#include <string>

namespace polis {

/// Keeps a second master off a ledger. The kernel drops it with the process, however that ends.
class MasterLock {
 public:
  /// Waits up to `patience_s`. Errors: io, naming who holds it.
  MasterLock(const std::string& path, double patience_s);
  ~MasterLock();
  MasterLock(const MasterLock&) = delete;
  MasterLock& operator=(const MasterLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace polis
