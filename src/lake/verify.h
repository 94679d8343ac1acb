#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lake/lake.h"

namespace polis {

struct LakeCheck {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  std::vector<LakeEntry> damaged;  ///< now set aside
  std::vector<std::string>
      unreadable;  ///< messages of the operating system: nothing is known of these
};

/// Re-hashes every object. `progress` is called after each with the entry.
LakeCheck verify(const Lake& lake, const std::function<void(const LakeEntry&)>& progress = {});

}  // namespace polis
