#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace polis {

/// The candidate that needs the fewest edits (Levenshtein) to become `word`; empty without
/// candidates.
std::string nearest_of(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace polis
