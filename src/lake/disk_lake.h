#pragma once

#include <memory>
#include <string>

#include "lake/files.h"
#include "lake/lake.h"

namespace polis {

/// The disk lake over any file system: tests give one that fails.
std::unique_ptr<Lake> open_disk_lake(const std::string& root, std::unique_ptr<Files> files);

/// Removes what killed writers left in `root`/tmp and has not been touched for an hour. Says how
/// many.
std::size_t remove_stale_temporaries(const std::string& root);

}  // namespace polis
